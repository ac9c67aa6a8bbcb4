package cloudtrail_test

import (
	"fmt"
	"time"

	"riposte.dev/source/cloudtrail"
)

// A second scan of a week fetches the two days that have passed since the first.
func ExampleMissing() {
	day := func(n int) time.Time { return time.Date(2026, 3, n, 0, 0, 0, 0, time.UTC) }
	onDisk := []cloudtrail.Segment{{From: day(5), To: day(7)}, {From: day(1), To: day(5)}}
	for _, span := range cloudtrail.Missing(onDisk, cloudtrail.Span{From: day(2), To: day(9)}) {
		fmt.Println(span.From.Format(time.DateOnly), span.To.Format(time.DateOnly))
	}
	// Output: 2026-03-07 2026-03-09
}
