package graph

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/microsoftgraph/msgraph-sdk-go/models"
	"github.com/microsoftgraph/msgraph-sdk-go/users"

	"clawback/internal/mailaddr"
	"clawback/retract"
	"clawback/retract/graph/transport"
)

// refusalHolds is how long it is remembered that an address has no mailbox: it may get one.
const refusalHolds = 10 * time.Minute

var userFields = []string{"id", "userPrincipalName", "mail", "proxyAddresses", "userType"}

var resolving = transport.Call{Name: "look up address", Directory: true}

// Resolve finds the mailbox that takes mail for an SMTP address: by the proxy addresses of users, which are what
// Exchange routes by, else by the user principal name. Groups and mail contacts are no mailboxes.
func (c *Client) Resolve(ctx context.Context, address string) (retract.Mailbox, error) {
	key := mailaddr.Address(strings.TrimSpace(address))
	if key == "" || strings.ContainsAny(key, " \t\r\n<>") || strings.Count(key, "@") == 0 {
		return retract.Mailbox{}, refused("the address is malformed")
	}
	return c.addresses.get(ctx, key, func(ctx context.Context) (retract.Mailbox, time.Duration, error) {
		box, err := c.resolve(ctx, key)
		var f *retract.Fault
		switch {
		case err == nil:
			return box, c.holds, nil
		case errors.As(err, &f) && f.Code == retract.CodeNoMailbox:
			return box, min(refusalHolds, c.holds), err
		}
		return box, 0, err
	})
}

func (c *Client) resolve(ctx context.Context, address string) (retract.Mailbox, error) {
	found, err := c.usersByAddress(ctx, address)
	if err != nil {
		return retract.Mailbox{}, err
	}
	switch len(found) {
	case 1:
		return mailboxOf(found[0])
	case 0:
		return c.resolveOther(ctx, address)
	}
	return retract.Mailbox{}, &retract.Fault{
		Class: retract.GiveUp, Code: "ambiguous_address", Detail: "look up address: more than one account has it",
	}
}

// resolveOther is for addresses that no user has as a proxy address.
func (c *Client) resolveOther(ctx context.Context, address string) (retract.Mailbox, error) {
	user, err := c.userByName(ctx, address)
	if err == nil {
		return mailboxOf(user)
	}
	var f *retract.Fault
	if !errors.As(err, &f) || f.Code != "Request_ResourceNotFound" { // a 404 of a gateway proves nothing
		return retract.Mailbox{}, err
	}
	kind, err := c.kindOf(ctx, address)
	if err != nil {
		return retract.Mailbox{}, err
	}
	return retract.Mailbox{}, refused(kind)
}

// usersByAddress asks for both prefixes: whether eq minds the case of SMTP: is not documented.
func (c *Client) usersByAddress(ctx context.Context, address string) ([]models.Userable, error) {
	var out []models.Userable
	err := c.call(ctx, resolving, func(ctx context.Context) error {
		filter, top := byProxyAddress(address), int32(2)
		builder := users.NewUsersRequestBuilderInternal(map[string]string{"baseurl": c.adapter.GetBaseUrl()}, c.adapter)
		result, err := builder.Get(ctx, &users.UsersRequestBuilderGetRequestConfiguration{
			Headers:         headers(),
			QueryParameters: &users.UsersRequestBuilderGetQueryParameters{Filter: &filter, Select: userFields, Top: &top},
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
			builder = builder.WithUrl(c.adapter.GetBaseUrl() + "/users('" + escape(name) + "')?$select=" + strings.Join(userFields, ","))
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

// mailboxOf refuses guests: their mail is in another organisation.
func mailboxOf(u models.Userable) (retract.Mailbox, error) {
	id, name := text(u.GetId()), text(u.GetUserPrincipalName())
	switch {
	case id == "":
		return retract.Mailbox{}, &retract.Fault{Class: retract.Retry, Code: "sdk", Detail: "look up address: the answer has no id"}
	case strings.EqualFold(text(u.GetUserType()), "Guest") || strings.Contains(strings.ToUpper(name), "#EXT#"):
		return retract.Mailbox{}, refused("a guest account: its mailbox is in another organisation")
	}
	return retract.Mailbox{ID: strings.ToLower(id), Name: name}, nil
}

func refused(kind string) *retract.Fault {
	return &retract.Fault{Class: retract.GiveUp, Code: retract.CodeNoMailbox, Detail: "look up address: " + kind}
}

// forget drops what is remembered of a mailbox.
func (c *Client) forget(mailbox string) {
	c.addresses.drop(func(_ string, m retract.Mailbox) bool { return m.ID == mailbox })
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
