package api

import _ "embed"

// OpenAPI describes every operation as the doors offer it over HTTP: OpenAPI 3.1, JSON. It is made from the table of
// operations, the types of their requests and answers, and what the code says of these
// (go test ./api -run OpenAPI -update).
//
//go:embed openapi.json
var OpenAPI []byte
