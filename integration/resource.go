package integration

import (
	"context"
	"encoding/json"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"riposte.dev/action"
	"riposte.dev/conf"
	"riposte.dev/fault"
	"riposte.dev/playbook"
)

// AWS gives the configuration for calls to an account and region; "" is riposte's own. Its errors carry fault codes.
type AWS func(ctx context.Context, account, region string) (aws.Config, error)

// Options are what calls need. AWS and Home are required to make any.
type Options struct {
	AWS  AWS
	Home func(ctx context.Context) (account string, err error) // riposte's own account
	// HTTP guards against addresses that may not be called, and follows no redirects; nil: there is no http:invoke.
	HTTP *http.Client
	// Authorize puts the credentials and parameters of one of riposte's connections on a request, and returns the body with
	// its own parameters; fault.NotFound for one that is not configured.
	Authorize func(ctx context.Context, connection string, req *http.Request, body []byte) ([]byte, error)
	Now       func() time.Time // time.Now
}

// Set is Step Functions' resources. It is safe for concurrent use.
type Set struct {
	caller   *caller
	services map[string]*service
	own      map[string]*resource // by service:api
}

var _ playbook.Resources = (*Set)(nil)

// New returns the resources.
func New(o Options) *Set {
	if o.Now == nil {
		o.Now = time.Now
	}
	s := &Set{caller: newCaller(o), services: map[string]*service{}, own: map[string]*resource{}}
	for _, service := range services() {
		s.services[service.name] = service
	}
	for _, r := range s.optimized() {
		s.own[r.name] = r
	}
	return s
}

// resource is one API action with a pattern of waiting. It is read-only.
type resource struct {
	caller    *caller
	operation *operation // nil: http:invoke
	name      string     // lambda:invoke, aws-sdk:ec2:terminateInstances
	waits     playbook.Waits
	patterns  []string // that it may end in
	errors    errorNames
	evidence  action.Evidence
	function  string // ARN of the function that the Resource itself names

	shape    func(*call) error                                                            // makes the operation's parameters of the task's
	answer   func(*call, map[string]any, json.RawMessage) (json.RawMessage, error)        // makes the task's output of the answer
	repeats  func(context.Context, *call) bool                                            // whether a second call is known for one; nil: where it has a token
	progress func(context.Context, *call, json.RawMessage) (json.RawMessage, bool, error) // of what is waited for
}

var _ playbook.Resource = (*resource)(nil)

// The endings of a resource that say what a task waits for
// (https://docs.aws.amazon.com/step-functions/latest/dg/connect-to-resource.html).
const (
	sync1 = ".sync"
	sync2 = ".sync:2"
	token = ".waitForTaskToken"
)

// Resource finds what a Task's Resource names.
func (s *Set) Resource(name string) (playbook.Resource, error) {
	if fn, ok := lambdaFunction(name); ok {
		r := *s.own["lambda:invoke"]
		r.function, r.patterns = fn, nil
		r.answer = payloadOnly
		return &r, nil
	}
	rest, ok := cutStates(name)
	if !ok {
		return nil, fault.New(fault.NotFound, "riposte has no resource %q", name).
			WithHint("write %s<action>, %s, %s, %s, the ARN of a Lambda function, or arn:aws:states:::SERVICE:API such as %s",
				playbook.ActionResource, playbook.NotifyResource, playbook.ApprovalResource, playbook.QueryResource, "arn:aws:states:::aws-sdk:ec2:describeInstances")
	}
	base, pattern, waits := cutPattern(rest)
	r, err := s.find(base)
	if err != nil {
		return nil, err
	}
	if pattern != "" && !slices.Contains(r.patterns, pattern) {
		return nil, fault.New(fault.NotFound, "the resource %s has no %s", base, strings.TrimPrefix(pattern, ".")).
			WithHint("it may end in: %s", strings.Join(append([]string{"nothing"}, r.patterns...), ", "))
	}
	waiting := *r
	waiting.waits = waits
	if pattern == sync1 || pattern == sync2 {
		waiting.progress = r.progress
		waiting.answer = r.answer
		if pattern == sync2 {
			waiting.progress = parsedExecution(r.progress)
		}
	} else {
		waiting.progress = nil
	}
	return &waiting, nil
}

// cutStates takes the beginning off a resource of Step Functions, in any partition.
func cutStates(name string) (rest string, ok bool) {
	parts := strings.SplitN(name, ":", 6)
	if len(parts) < 6 || parts[0] != "arn" || !strings.HasPrefix(parts[1], "aws") || parts[2] != "states" || parts[3] != "" || parts[4] != "" {
		return "", false
	}
	return parts[5], true
}

func cutPattern(rest string) (base, pattern string, waits playbook.Waits) {
	for _, p := range []struct {
		ending string
		waits  playbook.Waits
	}{{sync2, playbook.UntilOver}, {sync1, playbook.UntilOver}, {token, playbook.UntilSignal}} {
		if base, ok := strings.CutSuffix(rest, p.ending); ok {
			return base, p.ending, p.waits
		}
	}
	return rest, "", playbook.NotAtAll
}

// lambdaFunction is the ARN of a function that a Resource names by itself.
func lambdaFunction(name string) (string, bool) {
	parts := strings.Split(name, ":")
	ok := len(parts) >= 7 && len(parts) <= 8 && parts[0] == "arn" && strings.HasPrefix(parts[1], "aws") && parts[2] == "lambda" && parts[5] == "function"
	return name, ok
}

// find finds a resource by its name without the beginning and ending.
func (s *Set) find(base string) (*resource, error) {
	if r := s.own[base]; r != nil {
		return r, nil
	}
	rest, sdk := strings.CutPrefix(base, "aws-sdk:")
	serviceName, api, _ := strings.Cut(rest, ":")
	if !sdk {
		return nil, fault.New(fault.NotFound, "riposte has no resource arn:aws:states:::%s", base).
			WithHint("it has %s, and aws-sdk:SERVICE:API", strings.Join(s.ownNames(), ", "))
	}
	service := s.services[serviceName]
	if service == nil {
		names := s.serviceNames()
		return nil, fault.New(fault.NotFound, "riposte can't call the service %q", serviceName).
			WithHint("%s; it calls %s", conf.Suggest(serviceName, names), strings.Join(names, ", "))
	}
	o := service.operation(api)
	if o == nil || camel(o.name) != api && api != strings.ToLower(o.name[:1])+o.name[1:] {
		var apis []string
		for _, name := range service.operations() {
			apis = append(apis, camel(name))
		}
		return nil, fault.New(fault.NotFound, "the service %s has no API action %q", serviceName, api).WithHint("%s", conf.Suggest(api, apis))
	}
	if o.secret() {
		return nil, fault.New(fault.NotFound, "riposte does not call %s: its answer holds credentials, which the execution's history would show", base).
			WithHint("to call as another role, give the task Credentials with its RoleArn")
	}
	return &resource{caller: s.caller, operation: o, name: base, patterns: []string{token}, evidence: action.EventEvidence,
		errors: errorNames{o.errors, o.errors + "Exception"}}, nil
}

func (s *Set) ownNames() []string {
	var names []string
	for name := range s.own {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func (s *Set) serviceNames() []string {
	var names []string
	for name := range s.services {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Spec describes the call.
func (r *resource) Spec() action.Spec {
	return action.Spec{
		Name: r.name, Title: "Call " + r.name, Description: "A call that a playbook makes by itself.", Foreign: true,
		Permissions: r.permissions(), Effect: action.AtLeastOnce, Evidence: r.evidence,
		Irreversible: "riposte makes the call as the playbook says, and doesn't know what would take it back",
	}
}

// Parameters are the names of those that the call takes.
func (r *resource) Parameters() []string {
	switch {
	case r.function != "":
		return nil
	case r.operation == nil:
		return parameterNames(reflect.TypeFor[httpCall]())
	default:
		return parameterNames(r.operation.input)
	}
}

// Waits says what the task waits for after the call.
func (r *resource) Waits() playbook.Waits { return r.waits }
