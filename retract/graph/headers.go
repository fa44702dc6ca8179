package graph

import (
	"bufio"
	"context"
	"io"
	"slices"
	"strings"

	"github.com/microsoftgraph/msgraph-sdk-go/models"

	"clawback/internal/mailaddr"
	"clawback/retract/graph/transport"
)

// networkFields carry the network message id. The second one stands in where the first is missing.
var networkFields = []string{"X-MS-Exchange-Organization-Network-Message-Id", "X-MS-Office365-Filtering-Correlation-Id"}

// appendNetworkID adds the value of a field that is one of networkFields, in lower case, once.
func appendNetworkID(ids []string, name, value string) []string {
	id := mailaddr.Lower(strings.TrimSpace(value))
	for _, field := range networkFields {
		if mailaddr.Equal(strings.TrimRight(name, " \t"), field) && id != "" && !slices.Contains(ids, id) {
			return append(ids, id)
		}
	}
	return ids
}

// Headers reads the network message ids of one message: from its header list, and where Graph gives none (copies in
// Sent Items, microsoft-graph-docs#18761) from the head of its MIME.
func (c *Client) Headers(ctx context.Context, mailbox, message string) ([]string, error) {
	var m models.Messageable
	err := c.mail(ctx, mailbox, transport.Call{Name: "read message headers"}, func(ctx context.Context) (err error) {
		m, err = c.get(ctx, mailbox, message, []string{"id", "internetMessageHeaders"})
		return err
	})
	if err != nil {
		return nil, err
	}
	if found := candidate(m); found.HasHeaders {
		return found.NetworkMessageIDs, nil
	}
	body, err := c.MIME(ctx, mailbox, message)
	if err != nil {
		return nil, err
	}
	defer body.Close()
	ids, err := headIDs(body)
	return ids, asFault(transport.Call{Name: "read message headers"}, err)
}

// maxHead bounds the header of a message; Exchange Online's own limit is far below.
const maxHead = 1 << 20

// headIDs reads the fields up to the empty line. RFC 5322, section 2.2.
func headIDs(r io.Reader) ([]string, error) {
	in := bufio.NewReader(io.LimitReader(r, maxHead))
	var ids []string
	field := ""
	for {
		line, err := in.ReadString('\n')
		text := strings.TrimRight(line, "\r\n")
		if folded := text != "" && (text[0] == ' ' || text[0] == '\t'); folded {
			field += text
			text = ""
		} else {
			name, value, _ := strings.Cut(field, ":")
			ids = appendNetworkID(ids, name, value)
			field = text
			if text == "" {
				return ids, ended(err)
			}
		}
		if err != nil {
			name, value, _ := strings.Cut(field, ":")
			return appendNetworkID(ids, name, value), ended(err)
		}
	}
}

func ended(err error) error {
	if err == io.EOF {
		return nil
	}
	return err
}
