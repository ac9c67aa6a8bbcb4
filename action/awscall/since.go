package awscall

import (
	"time"

	"riposte.dev/fault"
)

// SinceSchema is the property of a JSON Schema that says what is recent enough.
const SinceSchema = `"since": {"type": "string", "format": "date-time", "description": "a scan that was started since then is enough; give the time of the event, such as 2024-05-01T12:00:00Z"}`

// skew is by how much AWS's clocks may be ahead of ours.
const skew = 5 * time.Minute

// Since reads such a time, to the second.
func Since(text string, now time.Time) (time.Time, error) {
	t, err := time.Parse(time.RFC3339, text)
	switch {
	case err != nil:
		return t, fault.New(fault.Invalid, "since %.40q is no time", text).WithHint("give the time of the event: 2024-05-01T12:00:00Z")
	case t.After(now.Add(skew)):
		return t, fault.New(fault.Invalid, "since %s is still to come", text).WithHint("give the time of the event")
	}
	return t.UTC().Truncate(time.Second), nil
}
