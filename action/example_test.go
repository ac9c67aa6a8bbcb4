package action_test

import (
	"encoding/json"
	"fmt"

	"riposte.dev/action"
)

func ExampleDiff() {
	before := json.RawMessage(`{"logging":false}`)
	after := json.RawMessage(`{"logging":true}`)
	for _, line := range action.Diff(before, after) {
		fmt.Println(line)
	}
	// Output:
	// - logging: false
	// + logging: true
}
