package notify_test

import (
	"fmt"
	"time"

	"riposte.dev/notify"
)

func ExampleRedact() {
	fmt.Println(notify.Redact("AKIAIOSFODNN7EXAMPLE ran: mysql --host db --password hunter2, token=abc"))
	// Output:
	// AKIAIOSFODNN7EXAMPLE ran: mysql --host db --password [redacted] token=[redacted]
}

func ExampleRedactJSON() {
	out, err := notify.RedactJSON([]byte(`{"userName": "alice", "newPassword": "hunter2", "env": [{"name": "API_KEY", "value": "k"}]}`))
	fmt.Println(string(out), err)
	// Output:
	// {"userName":"alice","newPassword":"[redacted]","env":[{"name":"API_KEY","value":"[redacted]"}]} <nil>
}

func ExampleRender() {
	body, err := notify.Render(notify.Message{
		ID: "m1", Time: time.Date(2026, 3, 1, 3, 4, 5, 0, time.UTC), Severity: "HIGH",
		Subject: "CloudTrail logging of main was stopped, and is on again",
		Summary: "alice stopped the trail main. riposte started it again 1.4 s later.",
		Sections: []notify.Section{
			{Title: "From where", Facts: []notify.Fact{{Label: "Address", Value: "198.51.100.7"}}},
		},
		Next: []string{"riposte executions show 01JQZ3V7"},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Print(body.Text)
	// Output:
	// HIGH: CloudTrail logging of main was stopped, and is on again
	//
	// alice stopped the trail main. riposte started it again 1.4 s later.
	//
	// FROM WHERE
	//   Address: 198.51.100.7
	//
	// WHAT TO TYPE NEXT
	//   riposte executions show 01JQZ3V7
	//
	// --
	// 2026-03-01 03:04:05 UTC
	// Message m1
}
