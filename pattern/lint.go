package pattern

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// Warning is something that is legal in a pattern and probably not meant, or that EventBridge itself would refuse.
type Warning struct {
	// Line, Col and Path are as in SyntaxError; Path is empty for the pattern as a whole.
	Line, Col int
	Path      []string
	// Msg is what is odd, Fix what to write instead.
	Msg, Fix string
}

// String returns "line 3, col 14, $.detail.state[0]: what is odd; what to write instead".
func (w Warning) String() string {
	return (&SyntaxError{Line: w.Line, Col: w.Col, Path: w.Path, Msg: w.Msg, Fix: w.Fix}).Error()
}

// Bounds of EventBridge (https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html and
// eb-create-pattern-operators.html) that a pattern meets only there.
const (
	eventBridgeCharacters   = 2048
	eventBridgeCombinations = 1000
	eventBridgeNumber       = 5e9
)

// Lint returns what is odd about the pattern, in the order of the text.
func (p *Pattern) Lint() []Warning { return append([]Warning(nil), p.warnings...) }

// lintString looks at a string that is matched as it is.
func (c *compiler) lintString(n *node) {
	if strings.Contains(n.text, "*") {
		c.warnAt(n.pos, `for any text write {"wildcard": `+quoted(n.text)+`}`, "a * in "+quoted(n.text)+" is only a star here")
	}
}

func (c *compiler) lintNumber(n *node) {
	if f, _ := comparableNumber([]byte(n.text)); f < -eventBridgeNumber || f > eventBridgeNumber {
		c.warnAt(n.pos, "", "EventBridge documents numeric matching from -5.0e9 to 5.0e9 only")
	}
}

// envelopeFields are the fields at the top of an event
// (https://docs.aws.amazon.com/eventbridge/latest/ref/overiew-event-structure.html). All but resources and detail are
// strings; replay-name is set on replayed events.
var envelopeFields = map[string]bool{
	"version": true, "id": true, "detail-type": true, "source": true, "account": true, "time": true, "region": true,
	"resources": true, "detail": true, "replay-name": true,
}

// lintField looks at a field's name and the kinds of its values.
func (c *compiler) lintField(m member) {
	top := c.keys[0]
	if whole := strings.Join(c.keys, "."); strings.HasPrefix(whole, "detail.") {
		top = "detail"
	}
	if !envelopeFields[top] {
		c.warnAt(m.pos, "if it is part of the event's detail, write it inside \"detail\": {…}",
			"an EventBridge event has no field "+quoted(top)+" at its top")
		return
	}
	if len(c.keys) != 1 || top == "detail" {
		return
	}
	for _, item := range m.value.items {
		if item.kind == numberKind {
			c.warnAt(item.pos, "write "+`"`+item.text+`"`, quoted(top)+" of an event is a string, so a number never matches")
		}
	}
}

// lintList looks for alternatives that make one another pointless.
func (c *compiler) lintList(list *node) {
	buts := 0
	for _, item := range list.items {
		if item.kind == objectKind && len(item.members) > 0 && item.members[0].key == anythingButKey {
			buts++
		}
	}
	if buts > 1 {
		c.warnAt(list.pos, `put what is excluded into one list: {"anything-but": ["a", "b"]}`,
			"the alternatives of a list are joined by or, so two anything-but let everything through")
	}
}

// lintReplaced looks for lists that a later list for the same field replaces everywhere.
func (c *compiler) lintReplaced(r resolver) {
	for i := range c.conditions {
		at := int32(i)
		if !r.replaced[at] || r.kept[at] {
			continue
		}
		c.warnAtList(i, "put all values into one list", "a later list for the same field replaces this one")
	}
}

// lintText looks at the pattern as a whole.
func (c *compiler) lintText(p *Pattern) {
	c.path = nil
	if n := utf8.RuneCount(c.src); n > eventBridgeCharacters {
		c.warnAt(0, "shorten or split it if the rule is to run in EventBridge too",
			fmt.Sprintf("the pattern has %d characters, EventBridge takes %d", n, eventBridgeCharacters))
	}
	if p.root.combinations(eventBridgeCombinations+1) > eventBridgeCombinations {
		c.warnAt(0, "split it if the rule is to run in EventBridge too",
			fmt.Sprintf("$or has over %d combinations of branches, more than EventBridge takes", eventBridgeCombinations))
	}
	for i := range p.conditions {
		c.lintParent(p, i)
	}
	slices.SortStableFunc(c.warnings, func(a, b Warning) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Col, b.Col))
	})
}

// longestPath bounds what lintParent takes apart.
const longestPath = 4096

// lintParent looks for a field that has values in one place and fields inside it in another.
func (c *compiler) lintParent(p *Pattern, i int) {
	if len(p.conditions[i].name) > longestPath {
		return
	}
	for name := range parents(p.conditions[i].name) {
		if _, both := c.fieldIDs[name]; both {
			c.warnAtList(i, "a condition, exists too, looks at plain values only, never at objects",
				fmt.Sprintf("%s is asked for a value and for the field %s inside it", quoted(name), quoted(p.conditions[i].name)))
			return
		}
	}
}

// warnAtList warns at the list of a condition.
func (c *compiler) warnAtList(condition int, fix, msg string) {
	if len(c.warnings) < maxMistakes {
		c.path = c.tree.pathTo(c.lists[condition])
		c.warnAt(c.lists[condition].pos, fix, msg)
	}
}

// parents yields the paths above a field's.
func parents(name string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for i := len(name) - 1; i >= 0; i-- {
			if name[i] == '.' && !yield(name[:i]) {
				return
			}
		}
	}
}
