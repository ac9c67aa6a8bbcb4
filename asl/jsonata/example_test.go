package jsonata_test

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"riposte.dev/asl/jsonata"
)

func Example() {
	p, err := jsonata.Compile(`$states.input.trails[stopped].name`)
	if err != nil {
		fmt.Println(err)
		return
	}
	out, err := p.Eval(context.Background(), map[string]json.RawMessage{
		"states": json.RawMessage(`{"input":{"trails":[{"name":"main","stopped":true},{"name":"old","stopped":false}]}}`),
	}, jsonata.Env{Now: time.Unix(0, 0), Random: func() uint64 { return 4 }})
	fmt.Println(string(out), err)
	// Output: "main" <nil>
}
