package action

import "slices"

// Touched reports whether the item's resource was changed by its calls, or may have been: all of them worked, or one did
// before another failed, or the answer to one was lost. What was touched can be taken back.
func (i Item) Touched() bool {
	switch i.Status {
	case Changed:
		return true
	case Failed:
		return slices.ContainsFunc(i.Receipts, func(r Receipt) bool { return (r.Error == "" || r.RequestID == "") && i.makes(r) })
	default:
		return false
	}
}

// makes reports whether the receipt is of one of the item's calls, and not of one that looked.
func (i Item) makes(r Receipt) bool {
	return slices.ContainsFunc(i.Calls, func(c Call) bool { return c.Service == r.Service && c.Operation == r.Operation })
}
