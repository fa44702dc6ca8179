package api

import (
	"context"
	"fmt"
	"reflect"
	"strings"
)

// Operation is a row of the table of operations: what it is called, how the doors offer it, and who may.
type Operation struct {
	Name    string // such as "queue.list"
	Route   string // method and path, such as "GET /v1/queue/{id}"
	Role    Role   // in the tenant whose data it is about
	Machine bool   // it is about no one tenant: the role is needed in all of them
	Bodies  bool   // it shows the bytes of messages
	Asks    bool   // it changes nothing, although its request has a body
	Secret  bool   // its answer has a secret, which is shown once
	Does    string // in a few words, for the description of the API
}

// Method is the HTTP method of the route.
func (o Operation) Method() string { method, _, _ := strings.Cut(o.Route, " "); return method }

// Path is the pattern of the route's path.
func (o Operation) Path() string { _, path, _ := strings.Cut(o.Route, " "); return path }

// Reads reports whether the operation's request has no body.
func (o Operation) Reads() bool { return o.Method() == "GET" }

// Acts reports whether the operation changes something.
func (o Operation) Acts() bool { return !o.Reads() && !o.Asks }

// Op is an operation with its request and its answer.
type Op[Req, Ans any] struct {
	Operation
	run func(*Service, context.Context, access, Req) (Ans, error)
}

// Do carries the operation out for a principal. Every door comes through here: the role is checked before anything is
// looked at. The error is an *Error.
func (o Op[Req, Ans]) Do(ctx context.Context, s *Service, p Principal, r Req) (Ans, error) {
	a := access{p, o.Operation}
	err := a.admit()
	if name := wordy(reflect.ValueOf(r)); name != "" && err == nil {
		err = problem(TooLarge, "%s: %s has more than %d bytes", o.Name, name, maxWords)
	}
	if err == nil {
		var answer Ans
		if answer, err = o.carryOut(ctx, s, a, r); err == nil {
			return answer, nil
		}
	}
	var none Ans
	return none, classify(err)
}

func (o Op[Req, Ans]) carryOut(ctx context.Context, s *Service, a access, r Req) (answer Ans, err error) {
	if o.Acts() {
		release, err := s.precede(ctx, a, r)
		if err != nil {
			return answer, err
		}
		defer release()
	}
	return o.run(s, ctx, a, r)
}

// show answers as an operation that only reads does, with the access of another one.
func (o Op[Req, Ans]) show(ctx context.Context, s *Service, a access, r any) (any, error) {
	return o.run(s, ctx, a, *r.(*Req))
}

// Row is the operation as a door sees it, without its types.
func (o Op[Req, Ans]) Row() Operation { return o.Operation }

// NewRequest makes a request for a door to fill, as a pointer.
func (o Op[Req, Ans]) NewRequest() any { return new(Req) }

// Answer is the type of the operation's answer; that of Stream where it is bytes.
func (o Op[Req, Ans]) Answer() reflect.Type { return reflect.TypeFor[Ans]() }

// DoAny is Do with a request that NewRequest has made.
func (o Op[Req, Ans]) DoAny(ctx context.Context, s *Service, p Principal, r any) (any, error) {
	request, ok := r.(*Req)
	if !ok {
		return nil, problem(Internal, "%s: a request of type %T", o.Name, r)
	}
	answer, err := o.Do(ctx, s, p, *request)
	if err != nil {
		return nil, err
	}
	return answer, nil
}

// Any is an operation of any request and answer.
type Any interface {
	Row() Operation
	NewRequest() any
	Answer() reflect.Type
	DoAny(ctx context.Context, s *Service, p Principal, request any) (any, error)
	show(ctx context.Context, s *Service, a access, request any) (any, error)
}

// table is filled by define while the package's variables are made, and never changes afterwards.
var table []Any

// Operations is the table of all operations.
func Operations() []Any { return append([]Any{}, table...) }

// define puts an operation into the table. A route that is there already is a mistake in this package.
func define[Req, Ans any](row Operation, run func(*Service, context.Context, access, Req) (Ans, error)) Op[Req, Ans] {
	o := Op[Req, Ans]{row, run}
	for _, other := range table {
		if other.Row().Route == row.Route || other.Row().Name == row.Name {
			panic(fmt.Sprintf("api: operation %s (%s) is defined twice", row.Name, row.Route))
		}
	}
	table = append(table, o)
	return o
}
