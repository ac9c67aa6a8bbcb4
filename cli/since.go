package cli

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// parseMoment reads when something began or ended: a length of time before now ("7d", "36h", "90m"), a day, or a time in
// RFC 3339. A day is in UTC.
func parseMoment(text string, now time.Time) (time.Time, error) {
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if at, err := time.Parse(layout, text); err == nil {
			return at.UTC(), nil
		}
	}
	if days, ok := strings.CutSuffix(text, "d"); ok {
		if n, err := strconv.Atoi(days); err == nil && n >= 0 && n <= 36_500 {
			return now.AddDate(0, 0, -n), nil
		}
	}
	if ago, err := time.ParseDuration(text); err == nil && ago >= 0 {
		return now.Add(-ago), nil
	}
	return time.Time{}, &usageError{fmt.Errorf("%q is no time; write 7d, 36h, 2026-11-01 or 2026-11-01T08:00:00Z", text)}
}
