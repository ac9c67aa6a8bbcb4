package pattern

import (
	"fmt"
	"testing"
)

func TestFieldSetForgetsWhatIsRemoved(t *testing.T) {
	var set fieldSet
	first := set.add("a.b")
	if again := set.add("a.b"); again != first {
		t.Errorf("one field has the numbers %d and %d", first, again)
	}
	inner, other := set.add("a.b.c"), set.add("a")
	set.remove(first)
	if set.root.child([]byte("a")).child([]byte("b")).id != first {
		t.Error("a field with a use left is gone")
	}
	set.remove(first)
	if set.root.child([]byte("a.b")).id != -1 || set.root.child([]byte("a.b.c")).id != inner {
		t.Error("removing a.b must leave a.b.c")
	}
	set.remove(inner)
	if set.root.child([]byte("a")).id != other || set.root.child([]byte("a.b")) != nil {
		t.Error("removing a.b.c must leave a, and nothing below")
	}
	set.remove(other)
	if len(set.root.next) != 0 {
		t.Errorf("an empty set has %v", set.root.next)
	}
	for i := range 1000 { // numbers are used again
		set.remove(set.add(fmt.Sprint("f", i)))
	}
	if len(set.names) > 3 {
		t.Errorf("%d numbers for one field at a time", len(set.names))
	}
}

func TestRemovedRulesLeaveNothingBehind(t *testing.T) {
	m := New()
	for i := range 50 {
		for _, text := range []string{`{"source": ["x", "y"], "a": {"b": [1]}}`, `{"c": [{"exists": false}]}`, `{"$or": [{"d": ["1"]}, {"e": ["2"]}]}`} {
			p, err := Parse([]byte(text))
			if err != nil {
				t.Fatal(err)
			}
			m.Add(fmt.Sprint(i), p)
		}
	}
	for i := range 50 {
		m.Remove(fmt.Sprint(i))
	}
	m.Remove("") // the side that was left catches up
	for i := range m.sides.both {
		r := &m.sides.both[i].rules
		if len(r.named)+r.sources.used+r.others.clauses+r.others.used+r.others.columns.used != 0 || len(r.fields.root.next) != 1 {
			t.Errorf("left: %+v", r)
		}
	}
}

func TestComparableNumber(t *testing.T) {
	for spelling, want := range map[string]bool{
		"0": true, "-0": true, "0e999999999999999999999": true, "1": true, "123456789012345": true, "0.000033": true,
		"1E-320": true, "1e308": true, "9007199254740992": true, "9007199254740993": false, "0.1": true,
		"0.1000000000000000000000": true, "0.10000000000000000001": false, "27.807807921694092": true,
		"100000000000000000000": true, "1e400": false, "1e-400": false, "1e99999999999999999999": false, "-3.5e0": true,
		"123456789012345678e-3": false, "12345678901234567e-3": false, "12345678901234500e-3": true,
	} {
		if _, got := comparableNumber([]byte(spelling)); got != want {
			t.Errorf("%s: comparable %v, want %v", spelling, got, want)
		}
	}
}
