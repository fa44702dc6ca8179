package graph

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The sender of a message can write any field but those that Exchange strips; a look-alike name is no network message
// id.
func TestAppendNetworkID_takesTheFieldsByTheirOwnNamesAlone(t *testing.T) {
	var ids []string
	for _, f := range [][2]string{
		{"X-MS-Exchange-Organization-Network-Me\u017fsage-Id", "forged"},
		{"X-M\u017f-Exchange-Organization-Network-Message-Id", "forged"},
		{"X-MS-Exchange-Organization-Networ\u212a-Message-Id", "forged"},
		{"X-MS-Exchange-Organization-Network-Message-Id-", "forged"},
		{"x-ms-exchange-organization-network-message-id", " AB "},
		{"X-MS-Office365-Filtering-Correlation-Id\t", "cd"},
	} {
		ids = appendNetworkID(ids, f[0], f[1])
	}
	if diff := cmp.Diff([]string{"ab", "cd"}, ids); diff != "" {
		t.Error(diff)
	}
}
