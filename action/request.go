package action

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
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

// EffectID is a name for the effect that is asked for, which is the same whenever it is asked for again: for receivers that know a
// call again by it. Where nobody keeps account it is made of what is asked for.
func EffectID(r Request) string {
	text := r.Effect
	if text == "" {
		text = r.Account + "\n" + r.Region + "\n" + string(r.Params)
	}
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:16])
}
