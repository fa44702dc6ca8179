package graph

import (
	"context"
	"errors"
	"io"
	"net/http"

	"github.com/microsoftgraph/msgraph-sdk-go/models"
	"github.com/microsoftgraph/msgraph-sdk-go/users"

	"clawback/retract/exchange"
	"clawback/retract/fault"
	"clawback/retract/graph/transport"
)

// get asks for some properties of one message.
func (c *Client) get(ctx context.Context, mailbox, message string, fields []string) (models.Messageable, error) {
	m, err := c.user(mailbox).Messages().ByMessageId(message).Get(ctx,
		&users.ItemMessagesMessageItemRequestBuilderGetRequestConfiguration{
			Headers:         headers(),
			QueryParameters: &users.ItemMessagesMessageItemRequestBuilderGetQueryParameters{Select: fields},
		})
	if err == nil && m == nil {
		err = errNothing
	}
	return m, err
}

// Locate tells in which folder a message is now. It does not ask for the header list.
func (c *Client) Locate(ctx context.Context, mailbox, message string) (exchange.Candidate, error) {
	var out exchange.Candidate
	err := c.mail(ctx, mailbox, transport.Call{Name: "locate message"}, func(ctx context.Context) error {
		m, err := c.get(ctx, mailbox, message, []string{
			"id", "parentFolderId", "internetMessageId", "receivedDateTime", "subject", "isRead", "isDraft",
		})
		if err == nil {
			out = candidate(m)
		}
		return err
	})
	return out, err
}

// Move moves a message to a folder, by its well-known name or its id, and gives its immutable id afterwards.
func (c *Client) Move(ctx context.Context, mailbox, message string, to exchange.Folder) (string, error) {
	call := transport.Call{Name: "move message", Changes: true}
	var id string
	err := c.mail(ctx, mailbox, call, func(ctx context.Context) error {
		body := users.NewItemMessagesItemMovePostRequestBody()
		destination := string(to)
		body.SetDestinationId(&destination)
		m, err := c.user(mailbox).Messages().ByMessageId(message).Move().Post(ctx, body,
			&users.ItemMessagesItemMoveRequestBuilderPostRequestConfiguration{Headers: headers()})
		if err == nil && m != nil {
			id = text(m.GetId())
		}
		return err
	})
	if err == nil && id == "" {
		err = &fault.Fault{Class: fault.Unknown, Code: "no_id",
			Detail: "move message: the answer does not say where the message is now"}
	}
	return id, err
}

// Purge is permanentDelete. Where the cloud has none it is a Fault with retract.CodeNoPermanentDelete, without
// a request; configuration may allow a Move to Purges instead.
func (c *Client) Purge(ctx context.Context, mailbox, message string) error {
	if !c.cloud.Purges {
		return noPermanentDelete()
	}
	call := transport.Call{Name: "delete message permanently", Changes: true}
	err := c.mail(ctx, mailbox, call, func(ctx context.Context) error {
		return c.user(mailbox).Messages().ByMessageId(message).PermanentDelete().Post(ctx,
			&users.ItemMessagesItemPermanentDeleteRequestBuilderPostRequestConfiguration{Headers: headers()})
	})
	var f *fault.Fault
	if errors.As(err, &f) && unknownAction(f) {
		return noPermanentDelete() // a custom cloud without the action
	}
	return err
}

// unknownAction reports whether an answer says that there is no such action: by its words, whatever its status, or by
// the code that a service gives with them.
func unknownAction(f *fault.Fault) bool {
	return f.Code == fault.CodeNoSuchSegment || f.Status == http.StatusBadRequest && f.Code == "BadRequest"
}

func noPermanentDelete() *fault.Fault {
	return &fault.Fault{
		Class: fault.GiveUp, Code: fault.CodeNoPermanentDelete,
		Detail: "delete message permanently: this cloud has no permanentDelete; purges_by_move = true moves to " +
			"Purges instead",
	}
}

// MarkRead sets the read state.
func (c *Client) MarkRead(ctx context.Context, mailbox, message string, read bool) error {
	call := transport.Call{Name: "set read state", Changes: true}
	return c.mail(ctx, mailbox, call, func(ctx context.Context) error {
		body := models.NewMessage()
		body.SetIsRead(&read)
		_, err := c.user(mailbox).Messages().ByMessageId(message).Patch(ctx, body,
			&users.ItemMessagesMessageItemRequestBuilderPatchRequestConfiguration{Headers: headers()})
		return err
	})
}

// maxMIME is above Exchange Online's largest message (150 MB, grown by base64).
const maxMIME = 256 << 20

// MIME streams a message. Until it is closed it takes one of the mailbox's places. The SDK's own method would hold all
// of it in memory, so only its request is used.
func (c *Client) MIME(ctx context.Context, mailbox, message string) (io.ReadCloser, error) {
	call := transport.Call{Name: "read message", Streams: true}
	release, err := c.enter(ctx, mailbox)
	if err != nil {
		return nil, err
	}
	resp, cancel, err := c.stream(transport.With(ctx, call), mailbox, message)
	if err != nil {
		release()
		return nil, asFault(call, err)
	}
	return &mimeBody{in: io.LimitReader(resp.Body, maxMIME), body: resp.Body, end: func() { cancel(); release() }}, nil
}

// streamFor is how much longer than one request a message may take to come: 256 MB over a slow line.
const streamFor = 10

// stream sends the request for a message's content, and gives the answer with its body unread.
func (c *Client) stream(ctx context.Context, mailbox, message string) (*http.Response, context.CancelFunc, error) {
	ctx, cancel := context.WithTimeout(ctx, streamFor*c.timeout)
	info, err := c.user(mailbox).Messages().ByMessageId(message).Content().ToGetRequestInformation(ctx,
		&users.ItemMessagesItemValueContentRequestBuilderGetRequestConfiguration{Headers: headers()})
	if err != nil {
		cancel()
		return nil, nil, err
	}
	info.PathParameters["baseurl"] = c.adapter.GetBaseUrl()
	request, err := c.adapter.ConvertToNativeRequest(ctx, info)
	if err != nil {
		cancel()
		return nil, nil, err
	}
	resp, err := c.http.Do(request.(*http.Request))
	if err != nil {
		cancel()
		return nil, nil, err
	}
	return resp, cancel, nil
}

// mimeBody is a message that is being read.
type mimeBody struct {
	in   io.Reader
	body io.Closer
	end  func()
}

// Read gives a *fault.Fault when the message is cut short.
func (b *mimeBody) Read(p []byte) (int, error) {
	n, err := b.in.Read(p)
	if err != nil && err != io.EOF {
		err = &fault.Fault{Class: fault.Retry, Code: "cut_short", Detail: "read message: the answer was cut short"}
	}
	return n, err
}

// Close ends the request, read to its end or not.
func (b *mimeBody) Close() error {
	err := b.body.Close()
	b.end()
	return err
}
