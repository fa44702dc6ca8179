package graph

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	abstractions "github.com/microsoft/kiota-abstractions-go"
	"github.com/microsoft/kiota-abstractions-go/serialization"
	"github.com/microsoftgraph/msgraph-sdk-go/models"
	"github.com/microsoftgraph/msgraph-sdk-go/models/odataerrors"

	"clawback/internal/mailaddr"
	"clawback/retract/exchange"
	"clawback/retract/fault"
	"clawback/retract/graph/transport"
)

// byProxyAddress is the filter for what has an address. OData 4.01 URL conventions, section 2: quotes are doubled.
func byProxyAddress(address string) string {
	quoted := quote(address)
	return "proxyAddresses/any(x:x eq 'smtp:" + quoted + "') or proxyAddresses/any(x:x eq 'SMTP:" + quoted + "')"
}

func quote(s string) string { return strings.ReplaceAll(s, "'", "''") }

func escape(s string) string { return strings.ReplaceAll(url.QueryEscape(quote(s)), "+", "%20") }

// listing is a question for a collection that the packages users and models have no builder for.
type listing struct {
	path     string
	query    map[string]string // without the dollar sign
	advanced bool              // ConsistencyLevel: eventual
	link     string            // of a further page; then path and query do not count
	kind     serialization.ParsableFactory
}

// list asks it by kiota's request information.
func (c *Client) list(ctx context.Context, l listing) (serialization.Parsable, error) {
	info := abstractions.NewRequestInformationWithMethodAndUrlTemplateAndPathParameters(
		abstractions.GET, "{+baseurl}"+l.path+"{?%24count,%24filter,%24select,%24top}",
		map[string]string{"baseurl": c.adapter.GetBaseUrl()})
	for name, value := range l.query {
		info.QueryParameters["%24"+name] = value
	}
	if l.link != "" {
		uri, err := url.Parse(l.link)
		if err != nil {
			return nil, err
		}
		info.SetUri(*uri)
	}
	info.Headers.AddAll(headers())
	info.Headers.TryAdd("Accept", "application/json")
	if l.advanced {
		info.Headers.TryAdd("ConsistencyLevel", "eventual")
	}
	result, err := c.adapter.Send(ctx, info, l.kind,
		abstractions.ErrorMappings{"XXX": odataerrors.CreateODataErrorFromDiscriminatorValue})
	if err == nil && result == nil {
		err = errNothing
	}
	return result, err
}

// kindOf says what has an address that is no mailbox. What the application may not read is passed over: the permissions
// for groups and contacts are optional.
func (c *Client) kindOf(ctx context.Context, address string) (kind, error) {
	id, err := c.groupByAddress(ctx, address)
	if err = optional(err); err != nil {
		return nobody, err
	}
	if id != "" {
		return group, nil
	}
	found, err := c.isContact(ctx, address)
	if err = optional(err); err != nil {
		return nobody, err
	}
	if found {
		return contact, nil
	}
	return nobody, nil
}

// optional passes over a missing permission, and a question that the cloud does not understand.
func optional(err error) error {
	var f *fault.Fault
	if errors.As(err, &f) && (f.Status == http.StatusForbidden || f.Status == http.StatusBadRequest) {
		return nil
	}
	return err
}

// withAddress asks for the ids of what has an address.
func withAddress(path, address string, kind serialization.ParsableFactory) listing {
	return listing{path: path, query: map[string]string{"filter": byProxyAddress(address), "select": "id", "top": "2"},
		kind: kind}
}

// groupByAddress gives the object id of a mail-enabled group, "" when there is none.
func (c *Client) groupByAddress(ctx context.Context, address string) (string, error) {
	var id string
	err := c.call(ctx, resolving, func(ctx context.Context) error {
		result, err := c.list(ctx, withAddress("/groups", address,
			models.CreateGroupCollectionResponseFromDiscriminatorValue))
		if err != nil {
			return err
		}
		if groups := result.(models.GroupCollectionResponseable).GetValue(); len(groups) > 0 {
			id = text(groups[0].GetId())
		}
		return nil
	})
	return id, err
}

// isContact reports whether an address is a mail contact of the tenant, whose mail goes elsewhere.
func (c *Client) isContact(ctx context.Context, address string) (bool, error) {
	var found bool
	err := c.call(ctx, resolving, func(ctx context.Context) error {
		result, err := c.list(ctx, withAddress("/contacts", address,
			models.CreateOrgContactCollectionResponseFromDiscriminatorValue))
		if err == nil {
			found = len(result.(models.OrgContactCollectionResponseable).GetValue()) > 0
		}
		return err
	})
	return found, err
}

// maxMembers bounds the expansion of one group.
const maxMembers = 5000

var _ exchange.Groups = (*Client)(nil)

// Members expands a group: the mailboxes of those who are its members now, which may not be those of the time of
// delivery. A journal report that was expanded by Exchange is the better source. An address that is no group gives a
// Fault with retract.CodeNoMailbox.
func (c *Client) Members(ctx context.Context, address string) ([]exchange.Mailbox, error) {
	address = mailaddr.Address(address)
	id, err := c.groupByAddress(ctx, address)
	if plain, tagged := untagged(address); tagged && id == "" && err == nil {
		id, err = c.groupByAddress(ctx, plain)
	}
	if err != nil {
		return nil, err
	}
	if id == "" {
		return nil, refused(nobody)
	}
	var out []exchange.Mailbox
	page := ""
	for {
		members, next, err := c.memberPage(ctx, id, page)
		if err != nil {
			return nil, err
		}
		for _, m := range members {
			if box, kind, err := mailboxOf(m); err == nil && kind == mailbox { // guests are left out
				box.Address = mailaddr.Address(text(m.GetMail()))
				out = append(out, box)
			}
		}
		if next == "" || len(out) >= maxMembers {
			return out, nil
		}
		page = next
	}
}

// memberPage: a cast to users with other options is an advanced query. Reference: Graph, aad-advanced-queries.
func (c *Client) memberPage(ctx context.Context,
	group, link string) (members []models.Userable, next string, err error) {
	call := transport.Call{Name: "list group members", Directory: true}
	err = c.call(ctx, call, func(ctx context.Context) error {
		result, err := c.list(ctx, listing{
			path:  "/groups/" + url.PathEscape(group) + "/transitiveMembers/microsoft.graph.user",
			query: map[string]string{"select": strings.Join(userFields, ","), "count": "true", "top": "500"},
			link:  link, advanced: true, kind: models.CreateUserCollectionResponseFromDiscriminatorValue,
		})
		if err != nil {
			return err
		}
		page := result.(models.UserCollectionResponseable)
		members, next = page.GetValue(), text(page.GetOdataNextLink())
		return nil
	})
	return members, next, err
}
