package graph

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/microsoftgraph/msgraph-sdk-go/models"

	"clawback/internal/mailaddr"
	"clawback/retract/exchange"
	"clawback/retract/fault"
	"clawback/retract/graph/transport"
)

// Finding is one line of `clawback check`.
type Finding struct {
	OK      bool
	Warning bool   // with OK: it works, and should be looked after
	Text    string // what was looked at, and what was found
	Remedy  string // what to do about it
}

func good(text string) Finding { return Finding{OK: true, Text: text} }

func warn(text, do string) Finding {
	return Finding{OK: true, Warning: true, Text: text, Remedy: do}
}

func bad(text, do string) Finding { return Finding{Text: text, Remedy: do} }

func fails(err error, do string) Finding { return bad(err.Error(), do) }

// expiryWarning is how long before its end a certificate is warned of.
const expiryWarning = 30 * 24 * time.Hour

// Check tries the tenant's access and says what is missing and how to grant it. It changes nothing.
func (c *Client) Check(ctx context.Context) []Finding {
	out := c.checkExpiry()
	token, err := c.tokens.Token(ctx, "", "")
	if err != nil {
		return append(out, fails(err, mendToken(err)))
	}
	out = append(out, good("access token: the login service gives one"))
	granted, readable := readClaims(token)
	if !readable {
		out = append(out, warn("access token: its permissions cannot be read", "they are tried instead"))
	}
	out = append(out, c.checkTenant(ctx, granted), checkUsers(granted))
	out = append(out, excess(granted)...)
	out = append(out, c.checkDomains(ctx)...)
	return append(out, c.checkMail(ctx, granted))
}

// mendToken says what to do where the login service has given no token: what is away is no fault of the credential's.
func mendToken(err error) string {
	if f, is := errors.AsType[*fault.Fault](err); is && f.Class != fault.Auth && f.Class != fault.GiveUp {
		return "the credential may be right: look at the way to the login service (DNS, outgoing HTTPS; this machine " +
			"must trust the CA of a proxy that opens TLS), or wait, then run the check again"
	}
	return "mend the credential, then run the check again"
}

// checkDomains compares the configured domains with those that Entra has verified, where that may be read.
func (c *Client) checkDomains(ctx context.Context) (out []Finding) {
	verified, first, err := c.verifiedDomains(ctx)
	if err != nil || len(verified) == 0 {
		return nil // checkTenant has said why
	}
	for _, domain := range c.tenant.Domains {
		if !slices.Contains(verified, domain) {
			out = append(out, bad("domain "+domain+": Entra has not verified it for this tenant",
				"take it out of domains, or add it in the admin center"))
		}
	}
	for _, domain := range verified {
		if !slices.Contains(c.tenant.Domains, domain) && !slices.Contains(c.tenant.OriginatorOrg, domain) {
			out = append(out, warn("domain "+domain+": the tenant has it, and the configuration has not",
				"add it to domains if people have mail there, else to originator_org"))
		}
	}
	if first != "" && !slices.Contains(c.tenant.OriginatorOrg, first) {
		out = append(out, bad("domain "+first+
			": it is the tenant's default domain, which Exchange stamps as X-OriginatorOrg, and is not expected",
			"add it to originator_org, or reports go to quarantine"))
	}
	if len(out) == 0 {
		out = append(out, good("domains: all are verified in Entra, and none is missing here"))
	}
	return out
}

// verifiedDomains are the organisation's, in lower case; first is the default one.
func (c *Client) verifiedDomains(ctx context.Context) (all []string, first string, err error) {
	err = c.call(ctx, transport.Call{Name: "read domains", Directory: true}, func(ctx context.Context) error {
		result, err := c.list(ctx, listing{
			path: "/organization", query: map[string]string{"select": "id,verifiedDomains"},
			kind: models.CreateOrganizationCollectionResponseFromDiscriminatorValue,
		})
		if err != nil {
			return err
		}
		for _, o := range result.(models.OrganizationCollectionResponseable).GetValue() {
			for _, d := range o.GetVerifiedDomains() {
				name := mailaddr.Lower(text(d.GetName()))
				all = append(all, name)
				if is := d.GetIsDefault(); is != nil && *is {
					first = name
				}
			}
		}
		return nil
	})
	return all, first, err
}

func (c *Client) checkExpiry() []Finding {
	until, known := c.credential.expiry()
	if !known {
		return nil
	}
	const renew = "make a new one and add it to the app registration"
	left, day, kind := until.Sub(c.now()), until.UTC().Format(time.DateOnly), c.credential.kind()
	switch {
	case left <= 0:
		return []Finding{bad(kind+": expired on "+day, renew)}
	case left < expiryWarning:
		return []Finding{warn(kind+": expires on "+day, renew)}
	}
	return []Finding{good(kind + ": valid until " + day)}
}

// warnOfExpiry logs a certificate or secret that ends soon, at most once a day.
func (c *Client) warnOfExpiry(log *slog.Logger) {
	until, known := c.credential.expiry()
	now := c.now()
	if !known || until.Sub(now) >= expiryWarning || now.Sub(c.warned) < 24*time.Hour {
		return
	}
	c.warned = now
	log.Warn("the "+c.credential.kind()+" of the app registration ends soon", "event", "graph.credential_expires",
		"tenant", c.tenant.ID,
		"until", until.UTC().Format(time.DateOnly))
}

// Expiry says until when the credential is valid; false where that cannot be known from here.
func (c *Client) Expiry() (time.Time, bool) { return c.credential.expiry() }

// checkTenant compares the tenant of the token, and that of /organization where it may be read, with the configured
// one.
func (c *Client) checkTenant(ctx context.Context, granted claims) Finding {
	other := "write that id, or use a credential of tenant " + c.tenant.ID
	if granted.Tenant != "" && !mailaddr.Equal(granted.Tenant, c.tenant.ID) {
		return bad("tenant: the token is for tenant "+granted.Tenant, other)
	}
	id, name, err := c.organization(ctx)
	var f *fault.Fault
	switch {
	case errors.As(err, &f) && f.Status == http.StatusForbidden:
		return good("tenant: as the token says (Organization.Read.All is not granted, and not needed)")
	case err != nil:
		return fails(err, "try again later")
	case !mailaddr.Equal(id, c.tenant.ID):
		return bad(fmt.Sprintf("tenant: Graph says %s (%s)", id, name), other)
	}
	return good("tenant: " + name)
}

func (c *Client) organization(ctx context.Context) (id, name string, err error) {
	err = c.call(ctx, transport.Call{Name: "read organization", Directory: true}, func(ctx context.Context) error {
		result, err := c.list(ctx, listing{
			path: "/organization", query: map[string]string{"select": "id,displayName"},
			kind: models.CreateOrganizationCollectionResponseFromDiscriminatorValue,
		})
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

// checkUsers: without it no address can be looked up.
func checkUsers(granted claims) Finding {
	if granted.has("User.Read.All") || granted.has("Directory.Read.All") {
		return good("permission User.Read.All: granted")
	}
	return bad("permission User.Read.All: missing",
		"grant it as an application permission and consent (clawback connect)")
}

// needed are the permissions that have a use here; the last three are optional.
var needed = []string{"Mail.ReadWrite", "User.Read.All", "Organization.Read.All", "GroupMember.Read.All",
	"OrgContact.Read.All"}

// excess warns of permissions with which a stolen credential could do more than clawback does.
func excess(granted claims) []Finding {
	var out []Finding
	for _, role := range granted.Roles {
		if !slices.Contains(needed, role) {
			out = append(out, warn("permission "+role+": granted, and not needed", "take it back"))
		}
	}
	return out
}

const howToGrant = `either consent to Mail.ReadWrite (clawback connect), or in Exchange Online PowerShell: ` +
	`New-ServicePrincipal, New-ManagementScope, ` +
	`New-ManagementRoleAssignment -App APP -Role "Application Mail.ReadWrite" -CustomResourceScope SCOPE; ` +
	`it takes effect within two hours`

// checkMail finds out whether mail can be read: with RBAC for Applications the token does not say so, only a mailbox
// does. Mail.ReadWrite is one permission, so what can be read can be moved.
func (c *Client) checkMail(ctx context.Context, granted claims) Finding {
	name, err := c.tryMailboxes(ctx)
	whole := granted.has("Mail.ReadWrite")
	var f *fault.Fault
	switch {
	case err == nil && whole:
		return good("permission Mail.ReadWrite: granted for all mailboxes; tried with " + name)
	case err == nil && name != "":
		return good("permission Mail.ReadWrite: by RBAC for Applications; tried with " + name)
	case errors.As(err, &f) && f.Code == fault.CodeNoMailbox && c.probe != "":
		return bad("permission Mail.ReadWrite: not tried: "+c.probe+" is no mailbox of the tenant",
			"name one by --mailbox, or none: then some are tried")
	case errors.As(err, &f) && f.Status == http.StatusForbidden && c.probe != "":
		return bad("permission Mail.ReadWrite: not for "+c.probe, howToGrant)
	case errors.As(err, &f) && f.Status == http.StatusForbidden:
		return bad("permission Mail.ReadWrite: missing",
			howToGrant+fmt.Sprintf("; only %d mailboxes were tried: name one within the scope by --mailbox", tries))
	case err != nil:
		return fails(err, "try again later")
	}
	return warn("permission Mail.ReadWrite: not tried", "no mailbox was found to try it with")
}

// tries is how many mailboxes are tried: some have no licence, or lie outside the scope.
const tries = 10

// tryMailboxes reads the Inbox folder of the first mailbox that lets it.
func (c *Client) tryMailboxes(ctx context.Context) (name string, err error) {
	boxes, err := c.someMailboxes(ctx)
	if err != nil {
		return "", err
	}
	for _, box := range boxes {
		_, _, refused := c.FolderID(ctx, box.ID, exchange.Inbox)
		if refused == nil {
			return box.Name, nil
		}
		var f *fault.Fault
		if err == nil || errors.As(refused, &f) && f.Status == http.StatusForbidden {
			err = refused // that access is denied says more than that a mailbox is not there
		}
	}
	return "", err
}

// someMailboxes are the one that Options name, and no other, or the first ones of the directory.
func (c *Client) someMailboxes(ctx context.Context) ([]exchange.Mailbox, error) {
	if c.probe != "" {
		box, err := c.Resolve(ctx, c.probe)
		return []exchange.Mailbox{box}, err
	}
	var out []exchange.Mailbox
	err := c.call(ctx, transport.Call{Name: "list users", Directory: true}, func(ctx context.Context) error {
		result, err := c.list(ctx, listing{
			path: "/users", query: map[string]string{"select": strings.Join(userFields, ","), "top": fmt.Sprint(tries)},
			kind: models.CreateUserCollectionResponseFromDiscriminatorValue,
		})
		if err != nil {
			return err
		}
		for _, u := range result.(models.UserCollectionResponseable).GetValue() {
			if box, kind, err := mailboxOf(u); err == nil && kind == mailbox && len(box.Addresses) > 0 {
				out = append(out, box)
			}
		}
		return nil
	})
	return out, err
}

// Granted is what Microsoft says about a tenant that was connected.
type Granted struct {
	Tenant string   // id: of the token, and of /organization where that may be read
	Name   string   // "" when /organization may not be read
	Roles  []string // application permissions in the token
}

// Granted asks for a token and for the organisation: the proof of a consent, whose redirect proves nothing.
func (c *Client) Granted(ctx context.Context) (Granted, error) {
	token, err := c.tokens.Token(ctx, "", "")
	if err != nil {
		return Granted{}, err
	}
	said, _ := readClaims(token) // unreadable: nothing is said
	out := Granted{Tenant: said.Tenant, Roles: said.Roles}
	id, name, err := c.organization(ctx)
	var f *fault.Fault
	if errors.As(err, &f) && f.Status == http.StatusForbidden {
		return out, nil
	}
	if err == nil {
		out.Tenant, out.Name = id, name
	}
	return out, err
}
