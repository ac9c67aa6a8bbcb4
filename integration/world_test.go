package integration_test

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/google/go-cmp/cmp"

	"riposte.dev/action"
	"riposte.dev/integration"
	"riposte.dev/playbook"
	"riposte.dev/sandbox"
)

const (
	account, other, region = "111122223333", "444455556666", "eu-west-1"
	states                 = "arn:aws:states:::"
)

// world is a sandbox with two accounts, and the resources as the first one's root.
type world struct {
	*sandbox.Sandbox
	t           *testing.T
	own, second *sandbox.Account
	url         string
	set         *integration.Set
	now         time.Time
	endpoint    *httptest.Server // that http:invoke calls
	answer      http.HandlerFunc
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, now: time.Now()}
	var err error
	if w.Sandbox, err = sandbox.New(sandbox.Options{}); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(w.Handler())
	w.endpoint = httptest.NewTLSServer(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) { w.answer(out, r) }))
	t.Cleanup(func() {
		w.endpoint.Close()
		server.Close()
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		if err := w.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	w.url = server.URL
	if w.own, err = w.CreateAccount(account, "own"); err != nil {
		t.Fatal(err)
	}
	if w.second, err = w.CreateAccount(other, "second"); err != nil {
		t.Fatal(err)
	}
	w.set = w.as(w.own.CreateRootKey())
	return w
}

func (w *world) config(k sandbox.Keys) aws.Config {
	return aws.Config{Region: region, BaseEndpoint: aws.String(w.url), RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider(k.AccessKeyID, k.SecretAccessKey, k.SessionToken)}
}

// as are the resources for somebody.
func (w *world) as(k sandbox.Keys) *integration.Set {
	return integration.New(integration.Options{
		AWS: func(_ context.Context, _, at string) (aws.Config, error) {
			cfg := w.config(k)
			if at != "" {
				cfg.Region = at
			}
			return cfg, nil
		},
		Home: func(context.Context) (string, error) { return account, nil },
		HTTP: w.endpoint.Client(), Now: func() time.Time { return w.now },
		Authorize: func(_ context.Context, name string, r *http.Request, body []byte) ([]byte, error) {
			r.Header.Set("Authorization", "Bearer of "+name)
			return body, nil
		},
	})
}

// find finds a resource.
func (w *world) find(name string) playbook.Resource {
	w.t.Helper()
	r, err := w.set.Resource(name)
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

func task(arguments string) playbook.TaskCall {
	return playbook.TaskCall{Arguments: json.RawMessage(arguments), Key: "execution/State.3", Execution: "execution"}
}

// do makes a call and returns its output.
func (w *world) do(name, arguments string) (string, error) {
	w.t.Helper()
	out, err := w.find(name).Call(w.t.Context(), task(arguments))
	return string(out), err
}

// must makes a call that has to work.
func (w *world) must(name, arguments string) string {
	w.t.Helper()
	out, err := w.do(name, arguments)
	if err != nil {
		w.t.Fatalf("%s: %v", name, err)
	}
	return out
}

// named are the ARNs that a plan asks the guard about; "?" before those that are not known.
func (w *world) named(name, arguments string) []string {
	w.t.Helper()
	planned, err := w.find(name).Plan(w.t.Context(), task(arguments))
	if err != nil {
		w.t.Fatal(err)
	}
	if planned.Reads {
		return []string{"reads"}
	}
	var arns []string
	for _, item := range planned.Plan.Items {
		mark := ""
		if item.Resource.Unknown {
			mark = "?"
		}
		arns = append(arns, mark+item.Resource.ARN)
		if item.Resource.Account == "" || item.Status != action.Change || len(item.Calls) != 1 {
			w.t.Errorf("item %+v", item)
		}
	}
	return arns
}

// same compares JSON.
func same(t *testing.T, got, want string) {
	t.Helper()
	var g, x any
	if err := json.Unmarshal([]byte(got), &g); err != nil {
		t.Fatalf("%v: %s", err, got)
	}
	if err := json.Unmarshal([]byte(want), &x); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(x, g); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
}

// without takes members out that differ from run to run.
func without(t *testing.T, raw string, names ...string) string {
	t.Helper()
	var members map[string]any
	if err := json.Unmarshal([]byte(raw), &members); err != nil {
		t.Fatalf("%v: %s", err, raw)
	}
	for _, name := range names {
		if members[name] == nil {
			t.Errorf("%s is missing: %s", name, raw)
		}
		delete(members, name)
	}
	out, err := json.Marshal(members)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func trusting(service string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"` + service + `"},"Action":"sts:AssumeRole"}]}`
}

const functionARN = "arn:aws:lambda:" + region + ":" + account + ":function:enrich"

func (w *world) function() {
	w.t.Helper()
	role, err := w.own.CreateRole("enrich", trusting("lambda.amazonaws.com"))
	if err != nil {
		w.t.Fatal(err)
	}
	var archive bytes.Buffer
	z := zip.NewWriter(&archive)
	if _, err := z.Create("index.js"); err != nil {
		w.t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		w.t.Fatal(err)
	}
	if _, err := lambda.NewFromConfig(w.config(w.own.CreateRootKey())).CreateFunction(w.t.Context(), &lambda.CreateFunctionInput{
		FunctionName: aws.String("enrich"), Role: &role, Runtime: "nodejs18.x", Handler: aws.String("index.handler"), Code: &types.FunctionCode{ZipFile: archive.Bytes()},
	}); err != nil {
		w.t.Fatal(err)
	}
}

const machineARN = "arn:aws:states:" + region + ":" + account + ":stateMachine:isolate"

func (w *world) stateMachine(kind string) {
	w.t.Helper()
	role, err := w.own.CreateRole("isolate", trusting("states.amazonaws.com"))
	if err != nil {
		w.t.Fatal(err)
	}
	w.must(states+"aws-sdk:sfn:createStateMachine", `{"Name":"isolate","Type":"`+kind+`","RoleArn":"`+role+`","Definition":"{\"StartAt\":\"D\",\"States\":{\"D\":{\"Type\":\"Pass\",\"End\":true}}}"}`)
}
