package graph

import (
	"context"

	"github.com/microsoftgraph/msgraph-sdk-go/users"

	"clawback/retract/exchange"
	"clawback/retract/graph/transport"
)

// FolderID gives the id and display name of a folder, as they are now: the engine remembers them.
func (c *Client) FolderID(ctx context.Context, mailbox string, name exchange.Folder) (id, display string, err error) {
	err = c.mail(ctx, mailbox, transport.Call{Name: "look up folder"}, func(ctx context.Context) error {
		f, err := c.user(mailbox).MailFolders().ByMailFolderId(string(name)).Get(ctx,
			&users.ItemMailFoldersMailFolderItemRequestBuilderGetRequestConfiguration{
				Headers: headers(),
				QueryParameters: &users.ItemMailFoldersMailFolderItemRequestBuilderGetQueryParameters{
					Select: []string{"id", "displayName"}},
			})
		if err != nil {
			return err
		}
		if f == nil || text(f.GetId()) == "" {
			return errNothing
		}
		id, display = text(f.GetId()), text(f.GetDisplayName())
		return nil
	})
	return id, display, err
}
