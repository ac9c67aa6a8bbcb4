package stepfunctions_test

import (
	"testing"

	"riposte.dev/stepfunctions"
)

func TestPointer(t *testing.T) {
	for path, want := range map[string]string{
		"":                                "/",
		"StartAt":                         "/StartAt",
		`States["a b"].Next`:              "/States/a b/Next",
		`States["a/~\"]b"].Branches[0].X`: `/States/a~1~0"]b/Branches/0/X`,
		`States["never ends`:              `/States/["never ends`,
		"States.Par.Choices[12].Variable": "/States/Par/Choices/12/Variable",
	} {
		if got := stepfunctions.Pointer(path); got != want {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
}

func FuzzPointer(f *testing.F) {
	f.Add(`States["a\"b"].Branches[0]`)
	f.Fuzz(func(t *testing.T, path string) {
		if got := stepfunctions.Pointer(path); got == "" || got[0] != '/' {
			t.Errorf("%q: %q", path, got)
		}
	})
}
