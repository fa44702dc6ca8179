package web

import "strings"

// Canonical is the address as feeds and messages are compared by it: scheme, host, port unless it is the scheme's own,
// path and query. What stands before the @ of the host and behind the # leads to no other page.
func (u URL) Canonical() string {
	var b strings.Builder
	b.WriteString(u.Scheme + "://")
	if strings.Contains(u.Host, ":") {
		b.WriteString("[" + u.Host + "]")
	} else {
		b.WriteString(u.Host)
	}
	if u.Port != "" && u.Port != defaultPort(u.Scheme) {
		b.WriteString(":" + u.Port)
	}
	path := strings.ReplaceAll(u.Path, `\`, "/") // as browsers read it
	if !strings.HasPrefix(path, "/") {
		b.WriteByte('/')
	}
	b.WriteString(path)
	if u.Query != "" {
		b.WriteString("?" + u.Query)
	}
	return b.String()
}

// defaultPort is the port that a scheme has without being written.
func defaultPort(scheme string) string {
	switch scheme {
	case "http":
		return "80"
	case "https":
		return "443"
	case "ftp":
		return "21"
	}
	return ""
}
