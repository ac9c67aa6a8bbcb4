package event

import (
	"fmt"
	"strings"
	"testing"

	"riposte.dev/fault"
)

// TestMemoryRefusesWhatAFreshReaderRefuses: what a reader has read before changes nothing about what it says.
func TestMemoryRefusesWhatAFreshReaderRefuses(t *testing.T) {
	object := func(from, to int) string {
		var names []string
		for i := from; i < to; i++ {
			names = append(names, fmt.Sprintf(`"name number %d":{"a":%[1]d}`, i))
		}
		return "{" + strings.Join(names, ",") + "}"
	}
	long := strings.Repeat("n", maxName+1)
	tests := map[string][]string{
		"twice, both known":            {`{"a":1,"b":2}`, `{"b":1,"a":2}`, `{"a":1,"b":2,"a":3}`},
		"twice, known last":            {`{"b":1}`, `{"a":1,"b":2,"c":3,"b":4}`},
		"twice, in a known array":      {`{"a":[{"b":1,"c":2}]}`, `{"a":[{"b":1,"c":2},{"c":1,"b":2,"c":3}]}`},
		"twice, one is long":           {`{"a":1,"b":2}`, `{"a":1,"` + long + `":2,"b":3,"` + long + `":4}`, `{"b":1,"` + long + `":2,"b":3}`},
		"twice, one is escaped":        {`{"a":1,"b":2}`, `{"a":1,"b":2,"\u0061":3}`, `{"b":1,"\u0061":2,"a":3}`},
		"twice, far apart":             {object(0, 60), object(0, 200), strings.TrimSuffix(object(0, 200), "}") + `,"name number 3":1}`},
		"twice, beyond known":          {object(0, 60), strings.TrimSuffix(object(0, 200), "}") + `,"name number 150":1}`},
		"the same begin":               {`{"abcdefghijklmnopqrstuvwxyz1":1}`, `{"abcdefghijklmnopqrstuvwxyz2":1,"abcdefghijklmnopqrstuvwxyz1":2}`},
		"a prefix of a name":           {`{"abcdefgh":1}`, `{"abcdefg":1}`, `{"abcdefgh":1,"abcdefg":1,"abcdefghi":1}`},
		"space around names":           {`{"a":1,"b":2}`, "{ \"a\" : 1 ,\n\"b\"\t:2}", "{ \"a\" : 1 ,\n\"b\"\t:2, \"a\" :3}"},
		"cut where names are foreseen": {`{"abc":1,"def":"x"}`, `{"abc":1,"def"`, `{"abc":1,"def":`, `{"abc":1,`, `{"abc":1,}`},
		"another kind of value":        {`{"a":{"b":1}}`, `{"a":1}`, `{"a":[{"b":1}]}`, `{"a":[[{"b":1,"b":2}]]}`},
	}
	for name, texts := range tests {
		t.Run(name, func(t *testing.T) {
			var r Reader
			for range 3 {
				for _, text := range texts {
					got := r.document([]byte(text), nil)
					if want := reference([]byte(text)); fault.CodeOf(got) != want {
						t.Errorf("%.80s: %v, the reference says %q", text, got, want)
					}
				}
			}
		})
	}
}

// TestMemoryIsBounded: names that strangers choose fill it, and after that it learns again.
func TestMemoryIsBounded(t *testing.T) {
	var r Reader
	read := func(text string) {
		if err := r.document([]byte(text), nil); err != nil {
			t.Fatalf("%.80s: %v", text, err)
		}
	}
	for i := range maxSteps {
		read(fmt.Sprintf(`{"a%d":{"b%d":{"c%d":1}}}`, i%20, i/20%20, i/400))
	}
	if r.memory.steps != maxSteps {
		t.Errorf("%d steps, want %d: it is not full", r.memory.steps, maxSteps)
	}
	for range maxLacks {
		read(`{"new":1}`)
	}
	for range 2 {
		read(`{"new":1}`)
	}
	if at := r.memory.root.likely; r.memory.steps != 1 || at == nil || at.name != "new" {
		t.Errorf("%d steps, it foresees %+v", r.memory.steps, at)
	}
}

func FuzzMemory(f *testing.F) {
	f.Add([]byte(`{"a":1,"b":{"c":2}}`), []byte(`{"b":{"c":2,"c":3},"a":1}`))
	f.Add([]byte(stopLogging), []byte(`{"eventName":1,"eventID":"x","eventName":2}`))
	f.Fuzz(func(t *testing.T, one, other []byte) {
		var r Reader
		for _, raw := range [][]byte{one, other, one, other} {
			got := r.ReadAll(raw)
			if _, want := Read(raw); fault.CodeOf(got) != fault.CodeOf(want) {
				t.Fatalf("%q: %v, a fresh reader says %v", raw, got, want)
			}
			if check := r.document(raw, nil); (check == nil) != (reference(raw) == "") {
				t.Fatalf("%q: %v, the reference says %q", raw, check, reference(raw))
			}
		}
	})
}
