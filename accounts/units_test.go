package accounts_test

import (
	"context"
	"slices"
	"testing"

	"riposte.dev/accounts"
	"riposte.dev/fault"
	"riposte.dev/guard"
	"riposte.dev/sandbox"
)

var _ guard.Units = (*accounts.Accounts)(nil)

func TestAbove(t *testing.T) {
	const prod, shop, test = "ou-abcd-11111111", "ou-abcd-33333333", "ou-abcd-22222222"
	w := newWorld(t, units(map[string]map[string]any{
		other: {"Paths": []string{"o-x/r-abcd/" + prod + "/" + shop + "/" + other + "/"}},
		third: {"Paths": []string{"o-x/r-abcd/" + test + "/" + third + "/"}},
	}))
	w.organize()
	saved := &memory{values: map[string]string{}}
	options := func(o *accounts.Options) {
		o.Organization = &accounts.Organization{RoleName: roleName, Exclude: []string{third}}
		o.Checkpoints = saved
	}
	a := w.open(options)
	if _, err := a.Above(t.Context(), other); fault.CodeOf(err) != fault.NotFound {
		t.Errorf("before the discovery: %v", err)
	}
	if err := a.Discover(t.Context()); err != nil {
		t.Fatal(err)
	}
	remove := w.AddFault(sandbox.Fault{Match: sandbox.Match{Service: "organizations"}, Error: &sandbox.FaultError{Code: "AccessDeniedException"}})
	defer remove()
	after := w.open(options)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- after.Run(ctx) }()
	await(t, "the list of the last run is taken up", func() bool {
		_, err := after.Above(ctx, other)
		return err == nil
	})
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
	for name, a := range map[string]*accounts.Accounts{"discovered": a, "kept": after} {
		for account, want := range map[string][]string{
			other:          {prod, shop, "r-abcd"},
			own:            nil, // AWS does not say
			third:          nil, // left out
			"999999999999": nil,
		} {
			got, err := a.Above(t.Context(), account)
			if !slices.Equal(got, want) || (fault.CodeOf(err) == fault.NotFound) != (want == nil) {
				t.Errorf("%s: above %s is %v, %v; want %v", name, account, got, err, want)
			}
		}
	}
}
