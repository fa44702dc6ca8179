package routes

import (
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"os"
	"reflect"
	"strconv"
	"strings"
	"time"

	"clawback/api"
)

// MaxBody bounds the JSON of a request.
const MaxBody = 16 << 20

// uploader is a request that is made of the body's bytes; its other fields are in the query.
type uploader interface{ SetBody(io.Reader) }

// decode fills an operation's request from an HTTP request: the path's values, then the query of a GET or of an upload,
// or the JSON of a body. What is not known is refused, so that a misspelt name never makes a request mean something
// else.
func decode(r *http.Request, into any) error {
	if err := decodePath(r, into); err != nil {
		return err
	}
	upload, isUpload := into.(uploader)
	if r.Method == http.MethodGet || isUpload {
		if isUpload {
			upload.SetBody(r.Body)
		}
		return decodeQuery(r.URL.Query(), into)
	}
	if r.URL.RawQuery != "" {
		return invalid("%s has its arguments in the body: leave the query out", r.Pattern)
	}
	return decodeBody(r, into)
}

func invalid(format string, args ...any) error {
	return &api.Error{Code: api.InvalidRequest, Detail: fmt.Sprintf(format, args...)}
}

// decodeBody reads the JSON value of a body. No body is a value that names nothing.
func decodeBody(r *http.Request, into any) error {
	body := http.MaxBytesReader(nil, r.Body, MaxBody)
	in := json.NewDecoder(body)
	in.DisallowUnknownFields()
	err := in.Decode(into)
	if errors.Is(err, io.EOF) {
		return nil
	}
	if wrong := mediaType(r.Header.Get("Content-Type")); wrong != nil {
		return wrong
	}
	if err == nil {
		if _, err = in.Token(); errors.Is(err, io.EOF) {
			return nil
		} else if err == nil {
			err = errors.New("there is more behind the JSON value")
		}
	}
	if tooLarge := new(http.MaxBytesError); errors.As(err, &tooLarge) {
		return &api.Error{Code: api.TooLarge, Detail: fmt.Sprintf("the request's body has more than %d bytes", MaxBody)}
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return &api.Error{Code: api.TimedOut, Detail: "the request's body came too slowly"}
	}
	return invalid("request body: %v", strings.TrimPrefix(err.Error(), "json: "))
}

func mediaType(header string) error {
	kind, _, err := mime.ParseMediaType(header)
	if err != nil || kind != "application/json" {
		return &api.Error{Code: api.WrongMediaType,
			Detail: fmt.Sprintf("Content-Type %q: send application/json", header)}
	}
	return nil
}

// field is one field of a request, found by its name on the wire.
type field struct {
	name  string
	inURL bool // in the path
	value reflect.Value
}

// fields lists a request's fields, those of embedded structs among them.
func fields(request any) []field { return fieldsOf(reflect.Indirect(reflect.ValueOf(request))) }

func fieldsOf(v reflect.Value) (list []field) {
	for i := range v.NumField() {
		f := v.Type().Field(i)
		if f.Anonymous {
			list = append(list, fieldsOf(v.Field(i))...)
			continue
		}
		if name := f.Tag.Get("path"); name != "" {
			list = append(list, field{name, true, v.Field(i)})
			continue
		}
		if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "-" && name != "" {
			list = append(list, field{name, false, v.Field(i)})
		}
	}
	return list
}

func decodePath(r *http.Request, into any) error {
	for _, f := range fields(into) {
		if f.inURL {
			f.value.SetString(r.PathValue(f.name))
		}
	}
	return nil
}

func decodeQuery(query url.Values, into any) error {
	known := map[string]reflect.Value{}
	for _, f := range fields(into) {
		if !f.inURL {
			known[f.name] = f.value
		}
	}
	for name, texts := range query {
		value, ok := known[name]
		if !ok {
			return invalid("argument %q is not known", name)
		}
		if value.Kind() == reflect.Slice {
			for _, text := range texts {
				one := reflect.New(value.Type().Elem()).Elem()
				if err := parse(text, one); err != nil {
					return invalid("argument %s: %v", name, err)
				}
				value.Set(reflect.Append(value, one))
			}
			continue
		}
		if len(texts) > 1 {
			return invalid("argument %s is there %d times", name, len(texts))
		}
		if err := parse(texts[0], value); err != nil {
			return invalid("argument %s: %v", name, err)
		}
	}
	return nil
}

// parse reads one argument of a query.
func parse(text string, into reflect.Value) error {
	switch at := into.Addr().Interface().(type) {
	case *time.Time:
		when, err := time.Parse(time.RFC3339, text)
		if err != nil {
			return fmt.Errorf("time %q: write it as 2026-01-31T15:04:05Z", text)
		}
		*at = when
		return nil
	case encoding.TextUnmarshaler:
		return at.UnmarshalText([]byte(text))
	}
	switch into.Kind() {
	case reflect.String:
		into.SetString(text)
	case reflect.Int, reflect.Int64:
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return fmt.Errorf("%q is no number", text)
		}
		into.SetInt(n)
	case reflect.Bool:
		yes, err := strconv.ParseBool(text)
		if err != nil {
			return fmt.Errorf("%q: use true or false", text)
		}
		into.SetBool(yes)
	default:
		return fmt.Errorf("an argument of type %s", into.Type())
	}
	return nil
}

// Encode is the contrary of Decode, for clients: the path with its query, and the body's JSON where there is one.
func Encode(op api.Operation, request any) (path string, body []byte, err error) {
	_, isUpload := request.(uploader)
	query, path := url.Values{}, op.Path()
	for _, f := range fields(request) {
		switch {
		case f.inURL:
			path = strings.Replace(path, "{"+f.name+"}", url.PathEscape(f.value.String()), 1)
		case op.Reads() || isUpload:
			if err := addArgument(query, f); err != nil {
				return "", nil, err
			}
		}
	}
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	if op.Reads() || isUpload {
		return path, nil, nil
	}
	body, err = json.Marshal(request)
	return path, body, err
}

func addArgument(query url.Values, f field) error {
	if f.value.Kind() == reflect.Slice {
		for i := range f.value.Len() {
			text, err := format(f.value.Index(i))
			if err != nil {
				return err
			}
			query.Add(f.name, text)
		}
		return nil
	}
	if f.value.IsZero() {
		return nil
	}
	text, err := format(f.value)
	query.Set(f.name, text)
	return err
}

func format(v reflect.Value) (string, error) {
	switch at := v.Interface().(type) {
	case time.Time:
		return at.UTC().Format(time.RFC3339Nano), nil
	case encoding.TextMarshaler:
		text, err := at.MarshalText()
		return string(text), err
	}
	return fmt.Sprint(v.Interface()), nil
}
