package actiontest

import (
	"strings"
	"testing"

	"riposte.dev/action"
)

// Item plans and returns the one item.
func (c *Cloud) Item(a action.Action, req action.Request) action.Item {
	c.t.Helper()
	p, err := a.Plan(c.t.Context(), req)
	if err != nil {
		c.t.Fatal(err)
	}
	if len(p.Items) != 1 {
		c.t.Fatalf("%d items, want one", len(p.Items))
	}
	return p.Items[0]
}

// Do applies the item, which has to be a change, and verifies it.
func (c *Cloud) Do(a action.Action, item action.Item) {
	c.t.Helper()
	if item.Status != action.Change {
		c.t.Fatalf("%s is %s (%s), want it to change", item.ID, item.Status, item.Reason)
	}
	if _, err := a.Apply(c.t.Context(), item); err != nil {
		c.t.Fatal(err)
	}
	if err := a.Verify(c.t.Context(), item); err != nil {
		c.t.Fatal(err)
	}
}

// Undo plans the way back and returns the one item.
func (c *Cloud) Undo(a action.Action, applied action.Item) action.Item {
	c.t.Helper()
	p, err := a.Undo(c.t.Context(), applied)
	if err != nil {
		c.t.Fatal(err)
	}
	if len(p.Items) != 1 {
		c.t.Fatalf("%d items, want one", len(p.Items))
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
