package sandbox

import (
	"errors"
	"maps"
	"testing"

	"pgregory.net/rapid"

	"riposte.dev/sandbox/wire"
)

// inside is a sandbox whose operations are called without HTTP, as root.
type inside struct {
	*Sandbox
	account *account
}

func newInside(t *rapid.T) inside {
	s, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.CreateAccount("111122223333", "x"); err != nil {
		t.Fatal(err)
	}
	s.buckets = nil // buckets are not looked at
	return inside{s, s.accounts["111122223333"]}
}

func (s inside) do(t *rapid.T, region, op string, in wire.Object) (wire.Object, string) {
	svc, model := s.services["cloudtrail"], s.catalog.Model("cloudtrail")
	c := &call{
		ctx: t.Context(), sb: s.Sandbox, svc: svc, op: svc.byName[op], in: input(in), account: s.account, region: region,
		time: s.opts.Clock.Now(), target: &wire.Target{Model: model, Protocol: wire.JSON, Operation: model.Operations[op], Name: op},
		caller: s.principalOf("k", &credential{account: s.account.id, root: true, active: true}),
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	out, err := s.handle(c)
	var failure *wire.Error
	if errors.As(err, &failure) {
		return nil, failure.Code
	}
	if err != nil {
		t.Fatal(err)
	}
	return out, ""
}

// TestTrailStates plays calls against a model of what trails there are and
// which of them log. Every second run is eventually consistent: then a read
// right after a write shows the state before that write.
func TestTrailStates(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := newInside(t)
		stale := rapid.Bool().Draw(t, "stale")
		if stale {
			s.AddStaleness(Staleness{Service: "cloudtrail", Reads: 1})
		}
		now := map[string]bool{}       // logging by name
		before := map[string]bool(nil) // what the next read sees; nil: now
		names := rapid.SampledFrom([]string{"one", "two", "three"})
		write := func(op, name string, ok string, effect func()) {
			in := wire.Object{"Name": name, "S3BucketName": "b"}
			old := maps.Clone(now)
			_, code := s.do(t, "us-east-1", op, in)
			if code != ok {
				t.Fatalf("%s %s: %q, want %q", op, name, code, ok)
			}
			if ok == "" {
				effect()
			}
			if stale {
				before = old
			}
		}
		missing := func(name string) string {
			if _, ok := now[name]; !ok {
				return "TrailNotFoundException"
			}
			return ""
		}
		t.Repeat(map[string]func(*rapid.T){
			"create": func(*rapid.T) {
				n, code := names.Draw(t, "name"), ""
				if _, ok := now[n]; ok {
					code = "TrailAlreadyExistsException"
				}
				write("CreateTrail", n, code, func() { now[n] = false })
			},
			"start": func(*rapid.T) {
				n := names.Draw(t, "name")
				write("StartLogging", n, missing(n), func() { now[n] = true })
			},
			"stop": func(*rapid.T) {
				n := names.Draw(t, "name")
				write("StopLogging", n, missing(n), func() { now[n] = false })
			},
			"delete": func(*rapid.T) {
				n := names.Draw(t, "name")
				write("DeleteTrail", n, missing(n), func() { delete(now, n) })
			},
			"status": func(*rapid.T) {
				n, seen := names.Draw(t, "name"), now
				if before != nil {
					seen, before = before, nil
				}
				out, code := s.do(t, "us-east-1", "GetTrailStatus", wire.Object{"Name": n})
				logging, ok := seen[n]
				if ok != (code == "") || ok && out["IsLogging"] != logging {
					t.Fatalf("status of %s is %v %s, want %v", n, out, code, seen)
				}
			},
			"list": func(*rapid.T) {
				seen := now
				if before != nil {
					seen, before = before, nil
				}
				out, _ := s.do(t, "eu-west-1", "ListTrails", nil)
				if got := len(out["Trails"].(wire.List)); got != len(seen) {
					t.Fatalf("%d trails are listed, want %v", got, seen)
				}
			},
		})
	})
}
