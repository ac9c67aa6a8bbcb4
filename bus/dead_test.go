package bus

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"

	"riposte.dev/fault"
)

// dead lists the dead letters of a source, "" for all.
func dead(t testing.TB, b *Bus, source string) []DeadLetter {
	t.Helper()
	letters, err := b.DeadLetters(within(t), source, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	return letters
}

func TestDeadLetters(t *testing.T) {
	b := open(t, t.TempDir())
	ctx := within(t)
	if got := dead(t, b, ""); len(got) != 0 {
		t.Errorf("fresh bus: %+v", got)
	}
	for _, d := range []DeadLetter{
		{ID: "1", Source: "intake", Reason: "bad JSON\nat line 3", Key: "k", Attempts: 2, Data: []byte("{")},
		{ID: "1", Source: "intake", Reason: "told again"},
		{ID: "1", Source: "other", Reason: "same id, other source"},
		{Source: "intake", Reason: "no id"},
		{Source: "intake", Reason: "no id"},
	} {
		if err := b.DeadLetter(ctx, d); err != nil {
			t.Fatal(err)
		}
	}
	all := dead(t, b, "")
	if len(all) != 4 {
		t.Fatalf("%d letters, want 4: %+v", len(all), all)
	}
	first := all[0]
	if first.ID != "1" || first.Source != "intake" || first.Reason != "bad JSON\nat line 3" || first.Key != "k" ||
		first.Attempts != 2 || string(first.Data) != "{" || first.Size != 1 || first.Time.IsZero() {
		t.Errorf("first letter: %+v", first)
	}
	if got := dead(t, b, "intake"); len(got) != 3 {
		t.Errorf("of one source: %+v", got)
	}
	page, err := b.DeadLetters(ctx, "", first.Seq, 2)
	if err != nil || len(page) != 2 || page[0].Source != "other" {
		t.Errorf("the two after the first: %+v, %v", page, err)
	}
	last := all[len(all)-1].Seq
	if err := b.DeleteDeadLetter(ctx, last); err != nil { // the list must end though its last letter is gone
		t.Fatal(err)
	}
	if got := dead(t, b, ""); len(got) != 3 {
		t.Errorf("without the last: %+v", got)
	}
	if got, err := b.DeadLetters(ctx, "", last, 0); err != nil || len(got) != 0 {
		t.Errorf("after the last: %+v, %v", got, err)
	}

	if err := b.DeleteDeadLetter(ctx, first.Seq); err != nil {
		t.Errorf("delete: %v", err)
	}
	if err := b.DeleteDeadLetter(ctx, first.Seq); fault.CodeOf(err) != fault.NotFound {
		t.Errorf("delete again: %v", err)
	}
	if got := dead(t, b, ""); len(got) != 2 {
		t.Errorf("after the deletion: %+v", got)
	}
}

func TestDeadLetterIsCutNotRefused(t *testing.T) {
	b := open(t, t.TempDir())
	huge := bytes.Repeat([]byte("x"), 3<<20)
	reason := strings.Repeat("\x01", maxReason-1) + "ü and more"
	if err := b.DeadLetter(within(t), DeadLetter{Source: "intake", Reason: reason, Data: huge}); err != nil {
		t.Fatal(err)
	}
	d := dead(t, b, "")[0]
	if len(d.Data) != MaxEvent || d.Size != len(huge) {
		t.Errorf("%d bytes of %d are kept", len(d.Data), d.Size)
	}
	if len(d.Reason) != maxReason-1 || !utf8.ValidString(d.Reason) {
		t.Errorf("reason of %d bytes", len(d.Reason))
	}
}

func TestDeadLetterRefuses(t *testing.T) {
	b := open(t, t.TempDir())
	for _, d := range []DeadLetter{
		{}, {Source: strings.Repeat("s", 257)}, {Source: "s", ID: strings.Repeat("i", maxKey+1)}, {Source: "s", Key: strings.Repeat("k", maxKey+1)},
	} {
		if err := b.DeadLetter(within(t), d); fault.CodeOf(err) != fault.Invalid {
			t.Errorf("got %v", err)
		}
	}
}
