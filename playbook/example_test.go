package playbook_test

import (
	"context"
	"encoding/json"
	"fmt"

	"riposte.dev/action"
	"riposte.dev/asl"
	"riposte.dev/guard"
	"riposte.dev/playbook"
	"riposte.dev/playbook/playbooktest"
)

// printer tells people on standard output.
type printer struct{}

func (printer) Notify(_ context.Context, _ string, n playbook.Notice) error {
	fmt.Printf("%s: %s\n", n.Start.Title, n.Message)
	return nil
}

func Example() {
	tell, err := asl.Parse("tell.yaml", []byte(`
StartAt: Tell
States:
  Tell:
    Type: Task
    Resource: riposte:notify
    Parameters: {message.$: "States.Format('look at {}', $.trail)"}
    End: true
`))
	if err != nil {
		fmt.Println(err)
		return
	}
	actions, err := action.NewSet()
	if err != nil {
		fmt.Println(err)
		return
	}
	index := &playbooktest.Index{} // package store has the real one, package bus the journal
	runtime, err := playbook.New(playbook.Options{
		Journal: &playbooktest.Journal{}, Index: index, Ledger: playbook.NewLedger(index),
		Actions: actions, Guard: plainGuard{}, Notifier: printer{}, Definitions: map[string]*asl.Machine{"tell": tell},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- runtime.Run(ctx) }()

	start := playbook.Start{Rule: "trail-stopped", Cause: "cloudtrail|1|2", Playbook: "tell", Mode: guard.Auto,
		Title: "somebody stopped a trail", Input: json.RawMessage(`{"trail":"main"}`)}
	for range 2 { // the same event again, from another source
		id, started, err := runtime.Start(ctx, start)
		if err != nil {
			fmt.Println(err)
			return
		}
		view, err := runtime.Wait(ctx, id)
		fmt.Println(started, view.Status, err)
	}
	stop()
	<-ended
	// Output:
	// somebody stopped a trail: look at main
	// true SUCCEEDED <nil>
	// false SUCCEEDED <nil>
}
