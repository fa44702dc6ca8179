package graph

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/microsoftgraph/msgraph-sdk-go/models"

	"clawback/retract"
	"clawback/retract/graph/transport"
)

// Level says how bad a finding is.
type Level string

// The levels.
const (
	OK      Level = "ok"
	Warning Level = "warning"
	Problem Level = "problem"
)

// Finding is one line of `clawback check`.
type Finding struct {
	Level Level
	What  string // what was looked at, and what was found
	Do    string // what to do about it; "" when nothing is
}

// expiryWarning is how long before its end a certificate is warned of.
const expiryWarning = 30 * 24 * time.Hour

// Check tries the tenant's access and says what is missing and how to grant it. Probe is the address of a mailbox, such
// as the postmaster's; with RBAC for Applications the token does not say what is granted, so that only a mailbox tells.
func (c *Client) Check(ctx context.Context, probe string) []Finding {
	out := c.checkExpiry(nil)
	token, err := c.tokens.Token(ctx, "", "")
	if err != nil {
		return append(out, problem(err, "mend the credential, then run the check again"))
	}
	out = append(out, Finding{OK, "access token: the login service gives one", ""})
	granted, readable := readClaims(token)
	if !readable {
		out = append(out, Finding{Warning, "access token: its permissions cannot be read", "they are probed instead"})
	}
	out = append(out, c.checkTenant(ctx, granted)...)
	out = append(out, c.checkRoles(granted)...)
	return append(out, c.checkMailbox(ctx, granted, probe)...)
}

func (c *Client) checkExpiry(out []Finding) []Finding {
	until, known := c.credential.expiry()
	if !known {
		return out
	}
	left := until.Sub(c.now())
	day := until.UTC().Format(time.DateOnly)
	switch {
	case left <= 0:
		return append(out, Finding{Problem, "certificate: expired on " + day, "make a new one and add it to the app registration"})
	case left < expiryWarning:
		return append(out, Finding{Warning, "certificate: expires on " + day, "make a new one and add it to the app registration before that"})
	}
	return append(out, Finding{OK, "certificate: valid until " + day, ""})
}

// Expiry says until when the credential is valid; false where that cannot be known from here.
func (c *Client) Expiry() (time.Time, bool) { return c.credential.expiry() }

// checkTenant compares the tenant of the token, and that of /organization where it may be read, with the configured one.
func (c *Client) checkTenant(ctx context.Context, granted claims) []Finding {
	if granted.Tenant != "" && !strings.EqualFold(granted.Tenant, c.tenant.ID) {
		return []Finding{{Problem, "tenant: the token is for tenant " + granted.Tenant, "write that id, or use the credential of tenant " + c.tenant.ID}}
	}
	id, name, err := c.organization(ctx)
	var f *retract.Fault
	switch {
	case errors.As(err, &f) && f.Status == http.StatusForbidden:
		return []Finding{{OK, "tenant: as the token says (Organization.Read.All is not granted, and not needed)", ""}}
	case err != nil:
		return []Finding{problem(err, "try again later")}
	case !strings.EqualFold(id, c.tenant.ID):
		return []Finding{{Problem, fmt.Sprintf("tenant: Graph says %s (%s)", id, name), "write that id, or use the credential of tenant " + c.tenant.ID}}
	}
	return []Finding{{OK, "tenant: " + name, ""}}
}

func (c *Client) organization(ctx context.Context) (id, name string, err error) {
	err = c.call(ctx, transport.Call{Name: "read organization", Directory: true}, func(ctx context.Context) error {
		result, err := c.list(ctx, "/organization", map[string]string{"select": "id,displayName"}, false,
			models.CreateOrganizationCollectionResponseFromDiscriminatorValue)
		if err != nil {
			return err
		}
		all := result.(models.OrganizationCollectionResponseable).GetValue()
		if len(all) != 1 {
			return errNothing
		}
		id, name = text(all[0].GetId()), text(all[0].GetDisplayName())
		return nil
	})
	return id, name, err
}

// checkRoles looks at the application permissions that the token names.
func (c *Client) checkRoles(granted claims) []Finding {
	var out []Finding
	if slices.Contains(granted.Roles, "User.Read.All") || slices.Contains(granted.Roles, "Directory.Read.All") {
		out = append(out, Finding{OK, "permission User.Read.All: granted", ""})
	} else {
		out = append(out, Finding{Problem, "permission User.Read.All: missing", "grant it as application permission and consent: clawback connect " + c.tenant.Name})
	}
	for _, role := range []string{"GroupMember.Read.All", "OrgContact.Read.All"} {
		if slices.Contains(granted.Roles, role) {
			out = append(out, Finding{OK, "permission " + role + ": granted (optional)", ""})
		}
	}
	for _, role := range granted.Roles {
		if strings.HasPrefix(role, "Mail.Send") || strings.HasSuffix(role, ".ReadWrite.All") {
			out = append(out, Finding{Warning, "permission " + role + ": granted, and not needed", "take it back: least privilege"})
		}
	}
	return out
}

// checkMailbox finds out whether mail can be read and moved. A folder is read; nothing is changed.
func (c *Client) checkMailbox(ctx context.Context, granted claims, probe string) []Finding {
	whole := slices.Contains(granted.Roles, "Mail.ReadWrite")
	how := "permission Mail.ReadWrite: granted for the whole tenant"
	if !whole {
		how = "permission Mail.ReadWrite: not in the token; by RBAC for Applications, perhaps"
	}
	const grant = `either consent to Mail.ReadWrite (clawback connect), or in Exchange Online: New-ServicePrincipal, New-ManagementScope, ` +
		`New-ManagementRoleAssignment -App APP -Role "Application Mail.ReadWrite" -CustomResourceScope SCOPE; effective within two hours`
	if probe == "" {
		if whole {
			return []Finding{{OK, how, ""}}
		}
		return []Finding{{Warning, how, "name a mailbox to try: clawback check --mailbox ADDRESS"}}
	}
	box, err := c.Resolve(ctx, probe)
	if err != nil {
		return []Finding{{Level: OK, What: how}, problem(err, "name another mailbox to try")}
	}
	if _, err = c.folder(ctx, box.ID, retract.Inbox); err != nil {
		return []Finding{problem(err, grant)}
	}
	if !whole {
		how = "permission Mail.ReadWrite: by RBAC for Applications; the mailbox " + box.Name + " can be read"
	}
	return []Finding{{OK, how, ""}}
}

func problem(err error, do string) Finding { return Finding{Problem, err.Error(), do} }
