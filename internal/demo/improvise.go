package demo

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"clawback/internal/test/testbed"
	"clawback/internal/visible"
)

// improvise makes a story of each *.eml file in a directory: every recipient has the original in the Inbox, and needs a
// stated outcome, whichever it is.
func improvise(files fs.FS) (*script, error) {
	names, err := fs.Glob(files, "*.eml")
	if err != nil || len(names) == 0 {
		return nil, fmt.Errorf("no *.eml files in the directory of reports")
	}
	s := &script{files: files, free: true}
	tenants := map[string]int{}
	users := map[string]bool{}
	var unfit []string
	for _, name := range names {
		raw, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", name, err)
		}
		d, err := dissect(raw)
		if err == nil && len(d.originals) == 0 {
			err = errors.New("no message is attached to it")
		}
		if err != nil {
			unfit = append(unfit, fmt.Sprintf("%s: %v", visible.Line(name), err))
			continue
		}
		key := organisation(d)
		if _, known := tenants[key]; !known {
			tenants[key] = len(s.Tenants)
			s.Tenants = append(s.Tenants, strangers(d, len(s.Tenants)))
		}
		t := &s.Tenants[tenants[key]]
		sendsAs(t, strings.ToLower(d.header.Get("X-OriginatorOrg")))
		st := &story{ID: fmt.Sprintf("%02d", len(s.Stories)+1), Title: visible.Line(name), Reports: []string{name}}
		for _, address := range d.recipients {
			st.Mailboxes = append(st.Mailboxes, &mailbox{Address: address, User: strings.ToLower(address)})
			serve(t, address)
			if !users[strings.ToLower(address)] {
				users[strings.ToLower(address)] = true
				s.Users = append(s.Users, user{UPN: strings.ToLower(address), Tenant: t.ID})
			}
		}
		s.Stories = append(s.Stories, st)
	}
	if len(unfit) > 0 {
		return nil, fmt.Errorf("no journal reports; take them out, or judge plain messages by clawback score: %s",
			strings.Join(unfit, "; "))
	}
	for i, st := range s.Stories { // after the last append: pointers into Tenants stay
		raw, _ := fs.ReadFile(files, names[i])
		d, _ := dissect(raw)
		st.tenant = &s.Tenants[tenants[organisation(d)]]
	}
	return s, nil
}

// organisation tells reports of different organisations apart.
func organisation(d dissected) string {
	return cmp.Or(innerOrganisation(d), strings.ToLower(d.header.Get("X-OriginatorOrg")))
}

func innerOrganisation(d dissected) string {
	return strings.ToLower(field(d.originals[0], "X-MS-Exchange-Organization-Id"))
}

// strangers makes a tenant that fits a report of an unknown organisation.
func strangers(d dissected, n int) testbed.Tenant {
	id := innerOrganisation(d)
	if id == "" {
		id = fmt.Sprintf("00000000-0000-4000-8000-%012d", n+1)
	}
	return testbed.Tenant{Name: fmt.Sprintf("tenant-%d", n+1), ID: id}
}

// serve makes an address one of the tenant's own.
func serve(t *testbed.Tenant, address string) {
	_, domain, _ := strings.Cut(strings.ToLower(address), "@")
	if !slices.Contains(t.Domains, domain) {
		t.Domains = append(t.Domains, domain)
	}
}

// sendsAs makes an organisation's name in reports the tenant's.
func sendsAs(t *testbed.Tenant, org string) {
	if org != "" && !slices.Contains(t.OriginatorOrg, org) {
		t.OriginatorOrg = append(t.OriginatorOrg, org)
	}
}
