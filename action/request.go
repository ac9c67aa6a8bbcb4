package action

import (
	"context"
	"strings"

	"riposte.dev/fault"
)

// Check returns fault.Invalid where the request doesn't say which account and region it is about.
func (r Request) Check() error {
	if len(r.Account) != 12 || strings.Trim(r.Account, "0123456789") != "" {
		return fault.New(fault.Invalid, "account %q is not 12 digits", r.Account)
	}
	if r.Region == "" {
		return fault.New(fault.Invalid, "the request for account %s names no region", r.Account)
	}
	return nil
}

// ApplyCalls makes the item's calls in order with do, up to the first that fails or is not [Permitted] any more, and returns
// the receipts of all that was called. It is the body of most actions' Apply.
func ApplyCalls(ctx context.Context, item Item, do func(context.Context, Call) error) ([]Receipt, error) {
	ctx, made := Record(ctx)
	for _, call := range item.Calls {
		if err := Permitted(ctx); err != nil {
			return made.Receipts(), err
		}
		if err := do(ctx, call); err != nil {
			return made.Receipts(), err
		}
	}
	return made.Receipts(), nil
}
