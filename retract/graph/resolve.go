package graph

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/microsoftgraph/msgraph-sdk-go/models"
	"github.com/microsoftgraph/msgraph-sdk-go/users"

	"clawback/internal/mailaddr"
	"clawback/retract/exchange"
	"clawback/retract/fault"
	"clawback/retract/graph/transport"
)

// refusalHolds is how long it is remembered that an address has no mailbox: it may get one.
const refusalHolds = 10 * time.Minute

var userFields = []string{"id", "userPrincipalName", "mail", "proxyAddresses", "userType"}

var resolving = transport.Call{Name: "look up address", Directory: true}

// Resolve finds the mailbox that takes mail for an SMTP address: by the proxy addresses of users, which are what
// Exchange routes by, else by the user principal name, else by the address without its tag. Groups and mail contacts
// are no mailboxes. An object id is found too.
func (c *Client) Resolve(ctx context.Context, address string) (exchange.Mailbox, error) {
	key := mailaddr.Address(strings.TrimSpace(address))
	if !isObjectID(key) && (strings.ContainsAny(key, " \t\r\n<>") || strings.Count(key, "@") == 0) {
		return exchange.Mailbox{}, refused(malformed)
	}
	return c.addresses.get(ctx, key, func(ctx context.Context) (exchange.Mailbox, time.Duration, error) {
		box, err := c.resolve(ctx, key)
		var f *fault.Fault
		switch {
		case err == nil:
			return box, c.holds, nil
		case errors.As(err, &f) && f.Code == fault.CodeNoMailbox:
			return box, min(refusalHolds, c.holds), err
		}
		return box, 0, err
	})
}

func isObjectID(s string) bool {
	return len(s) == 36 && uuid.Validate(s) == nil // Validate takes other forms too
}

// resolve asks for the exact address first. Only where nothing at all of the tenant has it, what stands before the tag
// counts. Reference: Exchange Online, plus addressing.
func (c *Client) resolve(ctx context.Context, address string) (exchange.Mailbox, error) {
	box, kind, err := c.resolveExactly(ctx, address)
	if err == nil && kind == nobody {
		if plain, tagged := untagged(address); tagged {
			box, kind, err = c.resolveExactly(ctx, plain)
		}
	}
	if err == nil && kind != mailbox {
		err = refused(kind)
	}
	return box, err
}

// untagged is an address without its tag: what stands before the first plus sign of its name, if anything does.
func untagged(address string) (plain string, tagged bool) {
	at := strings.LastIndexByte(address, '@')
	if at < 0 {
		return address, false
	}
	name, _, tagged := strings.Cut(address[:at], "+")
	if !tagged || name == "" {
		return address, false
	}
	return name + address[at:], true
}

// resolveExactly finds what has this very address, or object id.
func (c *Client) resolveExactly(ctx context.Context, address string) (exchange.Mailbox, kind, error) {
	var found []models.Userable
	var err error
	if strings.Contains(address, "@") {
		if found, err = c.usersByAddress(ctx, address); err != nil {
			return exchange.Mailbox{}, nobody, err
		}
	}
	switch len(found) {
	case 0:
		return c.resolveOther(ctx, address)
	case 1:
		return mailboxOf(found[0])
	}
	return exchange.Mailbox{}, nobody, &fault.Fault{
		Class: fault.GiveUp, Code: "ambiguous_address", Detail: "look up address: more than one account has it",
	}
}

// resolveOther is for what no user has as a proxy address.
func (c *Client) resolveOther(ctx context.Context, name string) (exchange.Mailbox, kind, error) {
	user, err := c.userByName(ctx, name)
	if err == nil {
		return mailboxOf(user)
	}
	var f *fault.Fault
	if !errors.As(err, &f) || f.Code != "Request_ResourceNotFound" { // a 404 of a gateway proves nothing
		return exchange.Mailbox{}, nobody, err
	}
	if !strings.Contains(name, "@") {
		return exchange.Mailbox{}, nobody, nil
	}
	k, err := c.kindOf(ctx, name)
	return exchange.Mailbox{}, k, err
}

// usersByAddress asks for both prefixes: whether eq minds the case of SMTP: is not documented.
func (c *Client) usersByAddress(ctx context.Context, address string) ([]models.Userable, error) {
	var out []models.Userable
	err := c.call(ctx, resolving, func(ctx context.Context) error {
		filter, top := byProxyAddress(address), int32(2)
		builder := users.NewUsersRequestBuilderInternal(map[string]string{"baseurl": c.adapter.GetBaseUrl()}, c.adapter)
		result, err := builder.Get(ctx, &users.UsersRequestBuilderGetRequestConfiguration{
			Headers: headers(),
			QueryParameters: &users.UsersRequestBuilderGetQueryParameters{Filter: &filter, Select: userFields,
				Top: &top},
		})
		if err == nil && result == nil {
			err = errNothing
		}
		if err == nil {
			out = result.GetValue()
		}
		return err
	})
	return out, err
}

// errNothing is a success without content where there must be some.
var errNothing = errors.New("empty answer")

func (c *Client) userByName(ctx context.Context, name string) (models.Userable, error) {
	var out models.Userable
	err := c.call(ctx, resolving, func(ctx context.Context) (err error) {
		builder := c.user(name)
		if strings.HasPrefix(name, "$") { // Graph, user: get: such a name needs /users('$x@y')
			builder = builder.WithUrl(c.adapter.GetBaseUrl() + "/users('" + escape(name) + "')?$select=" +
				strings.Join(userFields, ","))
		}
		out, err = builder.Get(ctx, &users.UserItemRequestBuilderGetRequestConfiguration{
			Headers: headers(), QueryParameters: &users.UserItemRequestBuilderGetQueryParameters{Select: userFields},
		})
		if err == nil && out == nil {
			err = errNothing
		}
		return err
	})
	return out, err
}

// kind is what has an address, in words.
type kind string

// The kinds. A guest's mail is in another organisation.
const (
	mailbox   kind = ""
	nobody    kind = "no account of this tenant has it"
	group     kind = "a group: journal reports name its members"
	contact   kind = "a mail contact: its mailbox is elsewhere"
	guest     kind = "a guest account: its mailbox is in another organisation"
	malformed kind = "the address is malformed"
)

// mailboxOf takes over what counts of a user.
func mailboxOf(u models.Userable) (exchange.Mailbox, kind, error) {
	id, name := text(u.GetId()), text(u.GetUserPrincipalName())
	switch {
	case id == "":
		return exchange.Mailbox{}, nobody, &fault.Fault{Class: fault.Retry, Code: "sdk",
			Detail: "look up address: the answer has no id"}
	case mailaddr.Equal(text(u.GetUserType()), "Guest") || strings.Contains(mailaddr.Upper(name), "#EXT#"):
		return exchange.Mailbox{}, guest, nil
	}
	box := exchange.Mailbox{ID: mailaddr.Lower(id), Name: name}
	for _, proxy := range u.GetProxyAddresses() {
		if scheme, address, _ := strings.Cut(proxy, ":"); mailaddr.Equal(scheme, "smtp") {
			box.Addresses = append(box.Addresses, mailaddr.Address(address))
		}
	}
	return box, mailbox, nil
}

func refused(k kind) *fault.Fault {
	return &fault.Fault{Class: fault.GiveUp, Code: fault.CodeNoMailbox, Detail: "look up address: " + string(k)}
}

// forget drops what is remembered of a mailbox.
func (c *Client) forget(mailbox string) {
	c.addresses.drop(func(_ string, m exchange.Mailbox) bool { return m.ID == mailbox })
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
