package web

import "strings"

// Organisation is the domain by which the mail and the sites of one organisation are told from another's: the
// registrable domain, or the whole name where a service gives its customers names under its own, as Microsoft does
// (contoso.onmicrosoft.com).
func Organisation(host string) string {
	domain := Registrable(host)
	if !Shared(domain) {
		return domain
	}
	host = strings.TrimSuffix(host, ".")
	// The same tenant's, for mail from its own servers.
	if tenant, ok := strings.CutSuffix(host, ".mail.onmicrosoft.com"); ok {
		return tenant + ".onmicrosoft.com"
	}
	return host
}

// Shared reports whether a registrable domain is one under which a service gives names to its customers, who write mail
// or publish under them: what is proven for one name there says nothing of the next. Those of the Public Suffix List
// need not be here.
func Shared(domain string) bool {
	switch domain {
	case
		"onmicrosoft.com", "onmicrosoft.us", "onmicrosoft.de", "onmschina.cn", "sharepoint.com", "sharepoint.us",
		"gappssmtp.com", "appspotmail.com", "amazonses.com", "sendgrid.net", "mailgun.org", "mandrillapp.com",
		"sparkpostmail.com", "mcsv.net", "rsgsv.net", "mailchimpapp.net", "hubspotemail.net", "intercom-mail.com",
		"helpscout.net", "zendesk.com", "freshdesk.com", "freshservice.com",
		"atlassian.net", "pphosted.com", "salesforce-sites.com", "force.com":
		return true
	}
	return false
}
