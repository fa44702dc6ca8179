package api

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
)

// Whatever operation takes a comment or a note, at any depth of its request, refuses one that is a book.
func TestDo_commentsAreBounded(t *testing.T) {
	p := Root("ada")
	seen := 0
	for _, op := range Operations() {
		for _, size := range []int{maxWords, maxWords + 1} {
			request := op.NewRequest()
			if !fillWords(reflect.ValueOf(request).Elem(), strings.Repeat("c", size)) {
				continue
			}
			seen++
			_, err := op.DoAny(t.Context(), (&world{}).service(), p, request)
			if refused := err != nil &&
				strings.Contains(err.Error(), fmt.Sprint(maxWords)); refused != (size > maxWords) {
				t.Errorf("%s with %d bytes: %v", op.Row().Name, size, err)
			}
		}
	}
	if seen < 30 {
		t.Errorf("only %d requests have a comment: the test looks for the wrong thing", seen)
	}
}

// fillWords puts words into the comments and notes of a request.
func fillWords(v reflect.Value, words string) (said bool) {
	switch v.Kind() {
	case reflect.Slice:
		if v.Type().Elem().Kind() != reflect.Struct {
			return false
		}
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		return fillWords(v.Index(0), words)
	case reflect.Struct:
		for i := range v.NumField() {
			f := v.Type().Field(i)
			switch {
			case !f.IsExported():
			case (f.Name == "Comment" || f.Name == "Note") && f.Type.Kind() == reflect.String:
				v.Field(i).SetString(words)
				said = true
			default:
				said = fillWords(v.Field(i), words) || said
			}
		}
	}
	return said
}
