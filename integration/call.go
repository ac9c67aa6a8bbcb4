package integration

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/google/uuid"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/fault"
	"riposte.dev/playbook"
)

// caller is how calls are made.
type caller struct {
	opts Options

	mu      sync.Mutex
	assumed map[string]aws.CredentialsProvider // by role and region
	hasty   aws.HTTPClient                     // of which slow was made
	slow    aws.HTTPClient
}

// patient returns the client without its bound on when an answer begins: a function answers when it has ended.
func (k *caller) patient(client aws.HTTPClient) aws.HTTPClient {
	buildable, ok := client.(*awshttp.BuildableClient)
	if !ok {
		return client
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.hasty != client {
		k.hasty, k.slow = client, buildable.WithTransportOptions(func(t *http.Transport) { t.ResponseHeaderTimeout = 0 })
	}
	return k.slow
}

func newCaller(o Options) *caller {
	return &caller{opts: o, assumed: map[string]aws.CredentialsProvider{}}
}

// call is one task's call as it is put together.
type call struct {
	playbook.TaskCall
	r          *resource
	parameters map[string]any // of the operation
	account    string         // that makes the call
	region     string
	partition  string
	names      subjects // what it changes
}

// open reads a task's parameters and finds out where the call is made: in riposte's own account and region, or in those that the
// role or the resource's ARN names.
func (r *resource) open(ctx context.Context, t playbook.TaskCall) (*call, error) {
	c := &call{TaskCall: t, r: r}
	dec := json.NewDecoder(bytes.NewReader(t.Arguments))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		return nil, fault.New(fault.Invalid, "the parameters of %s are not JSON: %w", r.name, err)
	}
	if r.function != "" {
		v = map[string]any{"FunctionName": r.function, "Payload": v}
	}
	parameters, ok := v.(map[string]any)
	if !ok {
		return nil, fault.New(fault.Invalid, "the parameters of %s must be an object", r.name)
	}
	c.parameters = parameters
	cfg, err := r.caller.opts.AWS(ctx, "", "")
	if err != nil {
		return nil, err
	}
	c.region = cfg.Region
	if c.account, err = r.caller.opts.Home(ctx); err != nil {
		return nil, err
	}
	if t.Role != "" {
		role, err := arn.Parse(t.Role)
		if err != nil || role.Service != "iam" || !strings.HasPrefix(role.Resource, "role/") {
			return nil, fault.New(fault.Invalid, "the RoleArn of Credentials is not the ARN of a role: %q", t.Role)
		}
		c.account = role.AccountID
	}
	if r.shape != nil {
		if err := r.shape(c); err != nil {
			return nil, err
		}
	}
	c.partition = awscall.Partition(c.region)
	return c, nil
}

// text is a parameter that is text; "" without.
func (c *call) text(name string) string {
	text, _ := c.parameters[name].(string)
	return text
}

// stringify makes JSON text of a parameter that may be any value.
func (c *call) stringify(of map[string]any, name string) {
	if v, ok := of[name]; ok && v != nil {
		of[name] = string(textOf(v))
	}
}

// config is how the account is reached: as the task's role, or as riposte itself.
func (c *call) config(ctx context.Context) (aws.Config, error) {
	cfg, err := c.r.caller.opts.AWS(ctx, "", c.region)
	if err != nil {
		return aws.Config{}, err
	}
	if c.Role != "" {
		cfg.Credentials = c.r.caller.role(cfg, c.Role)
		if _, err := cfg.Credentials.Retrieve(ctx); err != nil {
			return aws.Config{}, &Error{Name: "States.Permissions", Cause: fmt.Sprintf("The role %s can't be assumed: %v", c.Role, err)}
		}
	}
	return awscall.WithReceipts(cfg, c.r.caller.opts.Now), nil
}

// role assumes a role; its credentials are kept until they expire.
func (k *caller) role(cfg aws.Config, role string) aws.CredentialsProvider {
	k.mu.Lock()
	defer k.mu.Unlock()
	key := role + " " + cfg.Region
	if k.assumed[key] == nil {
		k.assumed[key] = aws.NewCredentialsCache(stscreds.NewAssumeRoleProvider(sts.NewFromConfig(awscall.WithReceipts(cfg, k.opts.Now)), role, func(o *stscreds.AssumeRoleOptions) {
			o.RoleSessionName = "riposte-playbook"
		}))
	}
	return k.assumed[key]
}

// Plan says what the call would change, and whether it changes anything at all.
func (r *resource) Plan(ctx context.Context, t playbook.TaskCall) (playbook.Planned, error) {
	c, err := r.open(ctx, t)
	if err != nil {
		return playbook.Planned{}, err
	}
	if r.operation == nil {
		return r.planHTTP(c)
	}
	if _, err := c.input(); err != nil {
		return playbook.Planned{}, err
	}
	if r.operation.reads() {
		return playbook.Planned{Reads: true}, nil
	}
	if err := c.subjects(ctx); err != nil {
		return playbook.Planned{}, err
	}
	input, err := json.Marshal(c.parameters)
	if err != nil {
		return playbook.Planned{}, fault.New(fault.Invalid, "the parameters of %s can't be written: %w", r.name, err)
	}
	return playbook.Planned{Plan: c.plan(r.operation.iam, r.operation.name, input)}, nil
}

// plan is a plan of one call: an item for everything that it names, which are changed together or not at all.
func (c *call) plan(service, operation string, input json.RawMessage) *action.Plan {
	plan := &action.Plan{Action: c.r.name, Account: c.account, Region: c.region}
	for i, s := range c.names.found {
		one := action.Call{Service: service, Operation: operation, Account: c.account, Region: c.region, Role: c.Role}
		if i == 0 {
			one.Input = input
		}
		plan.Items = append(plan.Items, action.Item{
			ID: s.ARN, Resource: s, Status: action.Change, Calls: []action.Call{one},
			Reason: fmt.Sprintf("The playbook calls %s.", c.r.name),
		})
	}
	return plan
}

// input makes the SDK's input of the parameters, with a token by which the service knows a repetition, where it takes one.
func (c *call) input() (reflect.Value, error) {
	raw, err := json.Marshal(c.parameters)
	if err != nil {
		return reflect.Value{}, fault.New(fault.Invalid, "the parameters of %s can't be written: %w", c.r.name, err)
	}
	in, err := decode(raw, c.r.operation.input)
	if err != nil {
		return in, fault.New(fault.Invalid, "%s: %s", c.r.name, fault.Message(err))
	}
	if name := c.r.operation.token(); name != "" {
		if f := in.Elem().FieldByName(name); f.IsNil() {
			f.Set(reflect.ValueOf(aws.String(c.id())))
		}
	}
	return in, nil
}

// id is the same for the same effect, in the form of a UUID.
func (c *call) id() string {
	sum := sha256.Sum256([]byte(c.Key))
	id, _ := uuid.FromBytes(sum[:16]) // 16 bytes are always one
	id[6], id[8] = id[6]&0x0f|0x80, id[8]&0x3f|0x80
	return id.String()
}

// Call makes the call.
func (r *resource) Call(ctx context.Context, t playbook.TaskCall) (json.RawMessage, error) {
	c, err := r.open(ctx, t)
	if err != nil {
		return nil, err
	}
	if r.operation == nil {
		return r.callHTTP(ctx, c)
	}
	in, err := c.input()
	if err != nil {
		return nil, err
	}
	cfg, err := c.config(ctx)
	if err != nil {
		return nil, err
	}
	if !r.operation.reads() && r.operation.token() == "" {
		cfg.Retryer = onlyThrottled(cfg)
	}
	if r.operation.service.name == "lambda" && r.operation.name == "Invoke" {
		cfg.HTTPClient = r.caller.patient(cfg.HTTPClient)
	}
	var meta answerMetadata
	cfg.APIOptions = append(cfg.APIOptions, meta.capture)
	out, err := r.operation.call(ctx, cfg, in)
	if err != nil {
		return nil, r.errors.of(ctx, err)
	}
	if r.answer == nil {
		return encode(out)
	}
	raw, err := encode(out)
	if err != nil {
		return nil, err
	}
	return r.answer(c, meta.members, raw)
}

// onlyThrottled tries a call again only where AWS refused it because there were too many: what else goes wrong may have been done.
func onlyThrottled(cfg aws.Config) func() aws.Retryer {
	attempts := 3
	if cfg.RetryMaxAttempts > 0 {
		attempts = cfg.RetryMaxAttempts
	}
	return func() aws.Retryer {
		return retry.NewStandard(func(o *retry.StandardOptions) {
			o.MaxAttempts = attempts
			o.Retryables = []retry.IsErrorRetryable{retry.RetryableErrorCode{Codes: retry.DefaultThrottleErrorCodes}}
		})
	}
}

// Repeatable reports whether the service knows the call again, so that making it once more does no harm.
func (r *resource) Repeatable(ctx context.Context, t playbook.TaskCall) bool {
	c, err := r.open(ctx, t)
	switch {
	case err != nil || r.operation == nil:
		return false
	case r.repeats != nil:
		return r.repeats(ctx, c)
	default:
		return r.operation.token() != ""
	}
}

// Look asks whether what the call began is over.
func (r *resource) Look(ctx context.Context, t playbook.TaskCall, begun json.RawMessage) (json.RawMessage, bool, error) {
	c, err := r.open(ctx, t)
	if err != nil {
		return nil, false, err
	}
	return r.progress(ctx, c, begun)
}

// answerMetadata is what AWS's own resources tell of the answer beside its members.
type answerMetadata struct{ members map[string]any }

// capture notes the last answer.
func (m *answerMetadata) capture(stack *middleware.Stack) error {
	return stack.Deserialize.Add(middleware.DeserializeMiddlewareFunc("riposte.Answer", func(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (
		middleware.DeserializeOutput, middleware.Metadata, error,
	) {
		out, metadata, err := next.HandleDeserialize(ctx, in)
		if answer, ok := out.RawResponse.(*smithyhttp.Response); ok && answer != nil {
			all, first := map[string]any{}, map[string]any{}
			for name, values := range answer.Header {
				all[name], first[name] = values, values[0]
			}
			id, _ := awsmiddleware.GetRequestIDMetadata(metadata)
			m.members = map[string]any{
				"SdkHttpMetadata":     map[string]any{"AllHttpHeaders": all, "HttpHeaders": first, "HttpStatusCode": answer.StatusCode},
				"SdkResponseMetadata": map[string]any{"RequestId": id},
			}
		}
		return out, metadata, err
	}), middleware.Before)
}
