package action

import "context"

type permitKey struct{}

// Permit returns a context under which every attempt of every call is made only after ask said nil; otherwise the call
// fails with its error, which should carry a fault code. The runtime asks the guard so around Apply: a pause holds for what
// is under way too.
func Permit(ctx context.Context, ask func(context.Context) error) context.Context {
	return context.WithValue(ctx, permitKey{}, ask)
}

// Permitted asks what [Permit] put into the context; without it, everything is permitted. What makes the calls uses it: see
// action/awscall.
func Permitted(ctx context.Context) error {
	if ask, ok := ctx.Value(permitKey{}).(func(context.Context) error); ok {
		return ask(ctx)
	}
	return nil
}
