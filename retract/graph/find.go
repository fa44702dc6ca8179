package graph

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/microsoftgraph/msgraph-sdk-go/models"
	"github.com/microsoftgraph/msgraph-sdk-go/users"

	"clawback/internal/mailaddr"
	"clawback/retract/exchange"
	"clawback/retract/fault"
	"clawback/retract/graph/transport"
)

var messageFields = []string{
	"id", "parentFolderId", "internetMessageId", "internetMessageHeaders", "receivedDateTime", "subject", "isRead",
	"isDraft",
}

const (
	pageSize = 50
	maxPages = 20 // a thousand messages with one Message-ID are an attack, and enough
)

var finding = transport.Call{Name: "find message"}

// Find lists the messages that bear this Message-ID: by the property, and when that finds nothing by the extended
// property that holds the same in the store. The service compares without case; what it gives is compared exactly.
func (c *Client) Find(ctx context.Context, mailbox, messageID string,
	in exchange.Folder) ([]exchange.Candidate, error) {
	if messageID == "" || strings.ContainsAny(messageID, "\r\n\x00") {
		return nil, &fault.Fault{Class: fault.GiveUp, Code: "message_id",
			Detail: "find message: the Message-ID is malformed"}
	}
	id := quote(messageID)
	look := search{mailbox: mailbox, in: string(in), filter: "internetMessageId eq '" + id + "'", exactly: messageID}
	found, err := c.search(ctx, look)
	if err != nil || len(found) > 0 || (in != "" && plain(messageID)) {
		return found, err
	}
	// PidTagInternetMessageId, for ids that the property's filter does not match.
	look.filter = "singleValueExtendedProperties/any(ep:ep/id eq 'String 0x1035' and ep/value eq '" + id + "')"
	found, err = c.search(ctx, look)
	var f *fault.Fault
	if errors.As(err, &f) && f.Status == http.StatusBadRequest {
		return nil, nil // the fallback is not understood; the first search has answered
	}
	return found, err
}

// search is one filter, in one folder or ("") in all but Recoverable Items.
type search struct{ mailbox, in, filter, exactly string }

// plain says that nothing on the way can misread an id.
func plain(id string) bool {
	return !strings.ContainsFunc(id, func(r rune) bool {
		return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' ||
			strings.ContainsRune("<>@._-", r))
	})
}

// search follows the pages of one filter.
func (c *Client) search(ctx context.Context, look search) ([]exchange.Candidate, error) {
	var out []exchange.Candidate
	link := ""
	for range maxPages {
		var page models.MessageCollectionResponseable
		err := c.mail(ctx, look.mailbox, finding, func(ctx context.Context) (err error) {
			page, err = c.page(ctx, look, link)
			if err == nil && page == nil {
				err = errNothing
			}
			return err
		})
		if err != nil {
			return nil, err
		}
		for _, m := range page.GetValue() {
			if text(m.GetInternetMessageId()) == look.exactly { // I4
				out = append(out, candidate(m))
			}
		}
		if link = text(page.GetOdataNextLink()); link == "" {
			return out, nil
		}
	}
	return nil, &fault.Fault{Class: fault.GiveUp, Code: "too_many",
		Detail: "find message: more than a thousand messages bear this Message-ID"}
}

// page asks for the first page, or for that of a link. A link to another host is refused by the transport.
func (c *Client) page(ctx context.Context, look search, link string) (models.MessageCollectionResponseable, error) {
	top := int32(pageSize)
	if look.in != "" {
		builder := c.user(look.mailbox).MailFolders().ByMailFolderId(look.in).Messages()
		if link != "" {
			return builder.WithUrl(link).Get(ctx,
				&users.ItemMailFoldersItemMessagesRequestBuilderGetRequestConfiguration{Headers: headers()})
		}
		return builder.Get(ctx, &users.ItemMailFoldersItemMessagesRequestBuilderGetRequestConfiguration{
			Headers: headers(),
			QueryParameters: &users.ItemMailFoldersItemMessagesRequestBuilderGetQueryParameters{Filter: &look.filter,
				Select: messageFields, Top: &top},
		})
	}
	builder := c.user(look.mailbox).Messages()
	if link != "" {
		return builder.WithUrl(link).Get(ctx,
			&users.ItemMessagesRequestBuilderGetRequestConfiguration{Headers: headers()})
	}
	return builder.Get(ctx, &users.ItemMessagesRequestBuilderGetRequestConfiguration{
		Headers: headers(),
		QueryParameters: &users.ItemMessagesRequestBuilderGetQueryParameters{Filter: &look.filter,
			Select: messageFields, Top: &top},
	})
}

// candidate takes over what counts.
func candidate(m models.Messageable) exchange.Candidate {
	out := exchange.Candidate{
		ID: text(m.GetId()), Folder: text(m.GetParentFolderId()), InternetMessageID: text(m.GetInternetMessageId()),
		Subject: text(m.GetSubject()), Read: isTrue(m.GetIsRead()), Draft: isTrue(m.GetIsDraft()),
	}
	if at := m.GetReceivedDateTime(); at != nil {
		out.Received = at.UTC()
	}
	fields := m.GetInternetMessageHeaders()
	out.HasHeaders = len(fields) > 0
	for _, field := range fields {
		switch name, value := mailaddr.Lower(text(field.GetName())), text(field.GetValue()); {
		case name == "from" && out.From == "":
			out.From = value
		case name == "date" && out.Date == "":
			out.Date = value
		}
		out.NetworkMessageIDs = appendNetworkID(out.NetworkMessageIDs, text(field.GetName()), text(field.GetValue()))
	}
	return out
}

func isTrue(b *bool) bool { return b != nil && *b }
