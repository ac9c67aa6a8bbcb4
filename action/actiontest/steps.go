package actiontest

import (
	"strings"
	"testing"

	"riposte.dev/action"
)

// Plan plans with the permissions that the action declares, and returns the one item.
func (c *Cloud) Plan(newAction NewAction, params string) action.Item {
	c.T.Helper()
	return c.Item(c.Action(newAction), Request(params))
}

// Item plans and returns the one item.
func (c *Cloud) Item(a action.Action, req action.Request) action.Item {
	c.T.Helper()
	p, err := a.Plan(c.T.Context(), req)
	c.Must(err)
	if len(p.Items) != 1 {
		c.T.Fatalf("%d items, want one", len(p.Items))
	}
	return p.Items[0]
}

// Do applies the item, which has to be a change, and verifies it.
func (c *Cloud) Do(a action.Action, item action.Item) {
	c.T.Helper()
	if item.Status != action.Change {
		c.T.Fatalf("%s is %s (%s), want it to change", item.ID, item.Status, item.Reason)
	}
	_, err := a.Apply(c.T.Context(), item)
	c.Must(err)
	c.Must(a.Verify(c.T.Context(), item))
}

// Undo plans the way back and returns the one item.
func (c *Cloud) Undo(a action.Action, applied action.Item) action.Item {
	c.T.Helper()
	p, err := a.Undo(c.T.Context(), applied)
	c.Must(err)
	if len(p.Items) != 1 {
		c.T.Fatalf("%d items, want one", len(p.Items))
	}
	return p.Items[0]
}

// Want checks an item's status, that its reason says something, and that it has calls if it is a change and none else.
func Want(t *testing.T, item action.Item, status action.Status, says string) {
	t.Helper()
	if item.Status != status || !strings.Contains(item.Reason, says) || (status == action.Change) != (len(item.Calls) > 0) {
		t.Errorf("%s is %s with %d calls (%s), want %s that says %q", item.ID, item.Status, len(item.Calls), item.Reason, status, says)
	}
}
