package graph

import (
	"context"
	"time"

	"github.com/microsoftgraph/msgraph-sdk-go/users"

	"clawback/retract"
	"clawback/retract/graph/transport"
)

// folder is a folder's id and what its owner calls it.
type folder struct{ id, name string }

// foldersHold is how long a folder is remembered: ids are constant, a name may change.
const foldersHold = 24 * time.Hour

// FolderID gives the id and display name of a folder. Answers are remembered for a day.
func (c *Client) FolderID(ctx context.Context, mailbox string, name retract.Folder) (id, display string, err error) {
	f, err := c.folders.get(ctx, mailbox+"\x00"+string(name), func(ctx context.Context) (folder, time.Duration, error) {
		f, err := c.folder(ctx, mailbox, name)
		if err != nil {
			return f, 0, err
		}
		return f, foldersHold, nil
	})
	return f.id, f.name, err
}

func (c *Client) folder(ctx context.Context, mailbox string, name retract.Folder) (folder, error) {
	var out folder
	err := c.mail(ctx, mailbox, transport.Call{Name: "look up folder"}, func(ctx context.Context) error {
		f, err := c.user(mailbox).MailFolders().ByMailFolderId(string(name)).Get(ctx, &users.ItemMailFoldersMailFolderItemRequestBuilderGetRequestConfiguration{
			Headers:         headers(),
			QueryParameters: &users.ItemMailFoldersMailFolderItemRequestBuilderGetQueryParameters{Select: []string{"id", "displayName"}},
		})
		if err != nil {
			return err
		}
		if f == nil || text(f.GetId()) == "" {
			return errNothing
		}
		out = folder{text(f.GetId()), text(f.GetDisplayName())}
		return nil
	})
	return out, err
}
