package audit_test

import (
	"fmt"
	"slices"
	"time"

	"riposte.dev/audit"
)

func Example() {
	at := time.Date(2026, 11, 21, 3, 0, 0, 0, time.UTC)
	first := audit.Head{}.Next(audit.Entry{Time: at, Kind: audit.Pause, Actor: "ana", Text: "Everything is paused: it does something strange."})
	second := first.Head().Next(audit.Entry{Time: at.Add(time.Minute), Kind: audit.Pause, Actor: "ben", Text: "pause-7f3a21 ended."})

	records := []audit.Record{first, second}
	report, err := audit.Verify(each(records), audit.Check{})
	fmt.Println(report.Records, report.Broken == nil, err)

	records = slices.Clone(records)
	records[0].Actor = "ben"
	report, err = audit.Verify(each(records), audit.Check{})
	fmt.Println(report.Broken.Seq, report.Broken.Why, err)
	// Output:
	// 2 true <nil>
	// 1 what it says is not what its hash was made of <nil>
}
