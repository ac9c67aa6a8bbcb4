package finding_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"riposte.dev/finding"
)

// patch replaces members of a JSON object: `"A": 1|"B": 2`; a null takes the member away.
func patch(raw []byte, change string) ([]byte, error) {
	var object map[string]json.RawMessage
	if err := json.Unmarshal(raw, &object); err != nil {
		return nil, err
	}
	for _, one := range strings.Split(change, "|") {
		var members map[string]json.RawMessage
		if err := json.Unmarshal([]byte("{"+one+"}"), &members); err != nil {
			return nil, err
		}
		for name, value := range members {
			object[name] = value
			if string(value) == "null" {
				delete(object, name)
			}
		}
	}
	return json.Marshal(object)
}

// variant returns the valid finding, changed.
func variant(t testing.TB, change string) finding.Finding {
	t.Helper()
	raw, err := patch([]byte(valid), change)
	if err != nil {
		t.Fatal(err)
	}
	f, err := finding.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// noon is the time of the tests' clocks.
var noon = time.Date(2026, 3, 22, 12, 0, 0, 0, time.UTC)

func clock() time.Time { return noon }
