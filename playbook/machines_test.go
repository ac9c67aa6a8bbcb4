package playbook

import (
	"fmt"
	"testing"
)

func TestMachinesAreParsedOnce(t *testing.T) {
	const text = `{"StartAt":"A","States":{"A":{"Type":"Pass","End":true}}}`
	var known machines
	first, err := known.parse("a.json", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if again, err := known.parse("b.json", []byte(text)); err != nil || again != first {
		t.Errorf("the same text gives %p and %p, %v", first, again, err)
	}
	if _, err := known.parse("a.json", []byte(`{`)); err == nil {
		t.Error("what is no definition was taken")
	}
	if other, err := (*machines)(nil).parse("a.json", []byte(text)); err != nil || other == first || other.Hash() != first.Hash() {
		t.Errorf("without a memory: %v", err)
	}
	for i := range 2 * maxMachines {
		if _, err := known.parse("a.json", fmt.Appendf(nil, `{"Comment":"%d","StartAt":"A","States":{"A":{"Type":"Pass","End":true}}}`, i)); err != nil {
			t.Fatal(err)
		}
	}
	if len(known.known) > maxMachines {
		t.Errorf("%d are kept", len(known.known))
	}
}
