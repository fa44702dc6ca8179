package api

import "reflect"

// maxWords bounds, in bytes, what a person says beside an act. It is written into the audit, and into what the act
// changes: into each of a thousand intents, for some.
const maxWords = 8 << 10

// wordy names the first of a request's fields for words, at any depth, that says more than is kept; "" where none does.
func wordy(v reflect.Value) string {
	switch v.Kind() {
	case reflect.Pointer:
		return wordy(v.Elem())
	case reflect.Slice:
		for i := range v.Len() {
			if name := wordy(v.Index(i)); name != "" {
				return name
			}
		}
	case reflect.Struct:
		for i := range v.NumField() {
			f, field := v.Type().Field(i), v.Field(i)
			if (f.Name == "Comment" || f.Name == "Note") && field.Kind() == reflect.String && field.Len() > maxWords {
				return f.Name
			}
			if name := wordy(field); f.IsExported() && name != "" {
				return name
			}
		}
	}
	return ""
}
