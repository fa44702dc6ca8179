package graphsim

import (
	"bytes"
	"mime"
	"strings"
)

// header is one field of a message, unfolded.
type header struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// parseHeaders reads the fields up to the first empty line. Lines that are no field are left out, as Graph does.
func parseHeaders(mime []byte) []header {
	var out []header
	for len(mime) > 0 {
		line, rest, _ := bytes.Cut(mime, []byte("\n"))
		mime = rest
		text := strings.TrimRight(string(line), "\r")
		if text == "" {
			break
		}
		if (text[0] == ' ' || text[0] == '\t') && len(out) > 0 {
			last := &out[len(out)-1]
			last.Value += " " + strings.TrimLeft(text, " \t")
			continue
		}
		name, value, found := strings.Cut(text, ":")
		if found && !strings.ContainsAny(name, " \t") {
			out = append(out, header{name, strings.TrimSpace(value)})
		}
	}
	return out
}

// value is the first field of that name, decoded as Graph shows it.
func value(headers []header, name string) string {
	for _, h := range headers {
		if !strings.EqualFold(h.Name, name) {
			continue
		}
		if decoded, err := new(mime.WordDecoder).DecodeHeader(h.Value); err == nil {
			return decoded
		}
		return h.Value
	}
	return ""
}
