package graphsim

import (
	"net/http"
	"slices"
	"strings"
)

// barred says why a mailbox cannot be reached, if that is so.
func (s *Sim) barred(r *request) (answer, bool) {
	u := r.owner
	switch {
	case u == nil:
		return failed(http.StatusNotFound, "ErrorInvalidUser", "The requested user is invalid."), true
	case u.Kind == DeletedUser:
		return failed(http.StatusNotFound, "Request_ResourceNotFound",
			"Resource does not exist or one of its queried reference-property objects are not present."), true
	case u.Kind == OnPremises || u.Kind == NoMailbox || u.box == nil:
		// One and the same user gives both at different times (microsoft-graph-docs#10481).
		if u.asked++; u.asked%2 == 0 {
			return failed(http.StatusNotFound, "ResourceNotFound", "Resource could not be discovered."), true
		}
		return failed(http.StatusNotFound, "MailboxNotEnabledForRESTAPI",
			"The mailbox is either inactive, soft-deleted, or is hosted on-premise."), true
	case u.restrict || !r.tenant.mayRead(u):
		return failed(http.StatusForbidden, "ErrorAccessDenied", "Access to OData is disabled."), true
	}
	return answer{}, false
}

// mayRead: consent in Entra opens every mailbox; else only those of an RBAC-for-Applications scope.
func (t *tenant) mayRead(u *user) bool {
	return slices.Contains(t.Roles, "Mail.ReadWrite") || t.scope[strings.ToLower(u.UPN)]
}

// GrantScope lets the application of a tenant ("": the first) into these mailboxes by RBAC for Applications, which
// leaves no trace in its tokens.
func (s *Sim) GrantScope(tenant string, upns ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.tenantOf(tenant)
	for _, upn := range upns {
		t.scope[strings.ToLower(upn)] = true
	}
}

func denied() answer {
	return failed(http.StatusForbidden, "Authorization_RequestDenied",
		"Insufficient privileges to complete the operation.")
}

func (s *Sim) organization(r *request) answer {
	if !r.tenant.mayList("Organization.Read.All") {
		return denied()
	}
	p, err := r.page(100)
	if err != nil {
		return badRequest("Request_UnsupportedQuery", err)
	}
	domains := []object{}
	for i, name := range r.tenant.Domains {
		domains = append(domains, object{"name": name, "isDefault": i == 0, "isInitial": false, "type": "Managed"})
	}
	o := object{"id": r.tenant.ID, "displayName": r.tenant.Name, "verifiedDomains": domains}
	return s.directoryList(r, p, []object{o})
}

func (u *user) object() object {
	kind := "Member"
	if u.Kind == Guest {
		kind = "Guest"
	}
	return object{
		"@odata.type": "#microsoft.graph.user", "id": u.ID, "userPrincipalName": u.UPN, "mail": u.Mail,
		"displayName": strings.Split(u.UPN, "@")[0], "proxyAddresses": u.proxies,
		"accountEnabled": u.Kind != SharedMailbox,
		"userType":       kind, "otherMails": []string{},
	}
}

// directoryList filters and selects; directory objects only need id, name and addresses here.
func (s *Sim) directoryList(r *request, p page, all []object) answer {
	var out []object
	for _, o := range all {
		yes, err := matches(p.filter, o)
		if err != nil {
			return badRequest("Request_BadRequest", err)
		}
		if !yes {
			continue
		}
		picked, err := pick(o, p.fields)
		if err != nil {
			return badRequest("Request_BadRequest", err)
		}
		out = append(out, picked)
	}
	return s.list(r, p, out)
}

func (s *Sim) listUsers(r *request) answer {
	if !r.tenant.mayList("User.Read.All") {
		return denied()
	}
	p, err := r.page(100)
	if err != nil {
		return badRequest("Request_UnsupportedQuery", err)
	}
	var all []object
	for _, u := range r.tenant.candidates(p.filter) {
		if u.Kind != DeletedUser {
			all = append(all, u.object())
		}
	}
	return s.directoryList(r, p, all)
}

// candidates are the users whom a filter can match: by the index of addresses where it asks for nothing else.
func (t *tenant) candidates(filter expr) []*user {
	literals, ok := equalities(filter, "proxyAddresses")
	if !ok {
		var all []*user
		for _, u := range t.users {
			all = append(all, u)
		}
		slices.SortFunc(all, func(a, b *user) int { return strings.Compare(a.ID, b.ID) })
		return all
	}
	var out []*user
	for _, literal := range literals {
		_, address, _ := strings.Cut(strings.ToLower(literal), ":")
		if u := t.addresses[address]; u != nil && !slices.Contains(out, u) {
			out = append(out, u)
		}
	}
	return out
}

func (s *Sim) getUser(r *request) answer {
	if !r.tenant.mayList("User.Read.All") {
		return denied()
	}
	if r.owner == nil || r.owner.Kind == DeletedUser {
		return failed(http.StatusNotFound, "Request_ResourceNotFound",
			"Resource does not exist or one of its queried reference-property objects are not present.")
	}
	p, err := r.page(1)
	if err != nil {
		return badRequest("Request_BadRequest", err)
	}
	o, err := pick(r.owner.object(), p.fields)
	if err != nil {
		return badRequest("Request_BadRequest", err)
	}
	return found(o)
}

func (s *Sim) listGroups(r *request) answer {
	if !r.tenant.mayList("GroupMember.Read.All") && !r.tenant.mayList("Group.Read.All") {
		return denied()
	}
	p, err := r.page(100)
	if err != nil {
		return badRequest("Request_UnsupportedQuery", err)
	}
	var all []object
	for _, g := range r.tenant.groups {
		all = append(all, object{
			"@odata.type": "#microsoft.graph.group", "id": g.ID, "mail": g.Address, "mailEnabled": true,
			"displayName": strings.Split(g.Address, "@")[0], "proxyAddresses": []string{"SMTP:" + g.Address},
		})
	}
	return s.directoryList(r, p, all)
}

func (s *Sim) listMembers(r *request) answer {
	if !r.tenant.mayList("GroupMember.Read.All") && !r.tenant.mayList("Group.Read.All") {
		return denied()
	}
	g := r.tenant.groups[r.group]
	if g == nil {
		return failed(http.StatusNotFound, "Request_ResourceNotFound", "Resource does not exist.")
	}
	cast := strings.HasSuffix(r.URL.Path, "/microsoft.graph.user")
	if cast && len(r.query) > 0 && (!r.query.Has("$count") || r.Header.Get("ConsistencyLevel") != "eventual") {
		return failed(http.StatusBadRequest, "Request_UnsupportedQuery",
			"The request uses advanced query capabilities without ConsistencyLevel.")
	}
	p, err := r.page(100)
	if err != nil {
		return badRequest("Request_UnsupportedQuery", err)
	}
	var all []object
	for _, upn := range g.Members {
		if u := r.tenant.account(upn); u != nil {
			all = append(all, u.object())
		}
	}
	return s.directoryList(r, p, all)
}

func (s *Sim) listContacts(r *request) answer {
	if !r.tenant.mayList("OrgContact.Read.All") {
		return denied()
	}
	p, err := r.page(100)
	if err != nil {
		return badRequest("Request_UnsupportedQuery", err)
	}
	var all []object
	for _, c := range r.tenant.contacts {
		all = append(all, object{
			"@odata.type": "#microsoft.graph.orgContact", "id": guid("contact/" + c.Address), "mail": c.Address,
			"displayName": strings.Split(c.Address, "@")[0], "proxyAddresses": []string{"SMTP:" + c.Address},
		})
	}
	return s.directoryList(r, p, all)
}
