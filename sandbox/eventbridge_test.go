package sandbox_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"riposte.dev/sandbox"
)

const eventRegion = "us-east-1"

func (w *world) eventbridge(keys sandbox.Keys) *eventbridge.Client {
	return eventbridge.NewFromConfig(w.config(keys, eventRegion))
}

// eventQueue makes a queue that takes from EventBridge.
func (w *world) eventQueue(t *testing.T, name string) (url *string, arn string) {
	t.Helper()
	arn = "arn:aws:sqs:" + eventRegion + ":" + testAccount + ":" + name
	return makeQueue(t, w.sqs(w.root, eventRegion), name, map[string]string{"Policy": `{"Version":"2012-10-17","Statement":[{
		"Effect":"Allow","Principal":{"Service":"events.amazonaws.com"},"Action":"sqs:SendMessage","Resource":"` + arn + `"}]}`}), arn
}

// rule makes a rule on a bus ("" for the default one) with one target.
func (w *world) rule(t *testing.T, bus, name, pattern string, target types.Target) {
	t.Helper()
	client := w.eventbridge(w.root)
	in := &eventbridge.PutRuleInput{Name: &name, EventPattern: &pattern}
	targets := &eventbridge.PutTargetsInput{Rule: &name, Targets: []types.Target{target}}
	if bus != "" {
		in.EventBusName, targets.EventBusName = &bus, &bus
	}
	if _, err := client.PutRule(t.Context(), in); err != nil {
		t.Fatal(err)
	}
	if out, err := client.PutTargets(t.Context(), targets); err != nil || out.FailedEntryCount != 0 {
		t.Fatalf("PutTargets: %+v, %v", out, err)
	}
}

// putEvent sends one event of source "shop" to a bus ("" for the default one).
func (w *world) putEvent(t *testing.T, bus, detail string) string {
	t.Helper()
	entry := types.PutEventsRequestEntry{Source: aws.String("shop"), DetailType: aws.String("order"), Detail: &detail}
	if bus != "" {
		entry.EventBusName = &bus
	}
	out, err := w.eventbridge(w.root).PutEvents(t.Context(), &eventbridge.PutEventsInput{Entries: []types.PutEventsRequestEntry{entry}})
	if err != nil || out.FailedEntryCount != 0 {
		t.Fatalf("PutEvents: %+v, %v", out, err)
	}
	return *out.Entries[0].EventId
}

// awaitMessage takes the next message of a queue.
func (w *world) awaitMessage(t *testing.T, url *string) sqstypes.Message {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	out, err := w.sqs(w.root, eventRegion).ReceiveMessage(ctx, &sqs.ReceiveMessageInput{
		QueueUrl: url, WaitTimeSeconds: 15, MessageAttributeNames: []string{"All"},
	})
	if err != nil || len(out.Messages) != 1 {
		t.Fatalf("received %+v, %v, want one message", out, err)
	}
	return out.Messages[0]
}

func TestRuleBringsRecordsToAQueue(t *testing.T) {
	w := newTrailWorld(t, sandbox.Options{})
	url, arn := w.eventQueue(t, "events")
	w.rule(t, "", "trails", `{"source":["aws.cloudtrail"],"detail":{"eventName":["StopLogging"]}}`, types.Target{Id: aws.String("q"), Arn: &arn})
	trail := w.makeTrail("main")
	if _, err := w.trailClient(w.root, eventRegion).StopLogging(t.Context(), &cloudtrail.StopLoggingInput{Name: &trail}); err != nil {
		t.Fatal(err)
	}
	body := *w.awaitMessage(t, url).Body
	if !strings.Contains(body, `"detail-type":"AWS API Call via CloudTrail"`) || !strings.Contains(body, `"eventName":"StopLogging"`) {
		t.Errorf("the queue has %s", body)
	}
}

func TestRulesOnReads(t *testing.T) {
	w := newTrailWorld(t, sandbox.Options{})
	client := w.eventbridge(w.root)
	all, allARN := w.eventQueue(t, "all")
	writes, writesARN := w.eventQueue(t, "writes")
	pattern := `{"detail":{"eventName":["DescribeTrails","StartLogging"]}}`
	w.rule(t, "", "writes", pattern, types.Target{Id: aws.String("q"), Arn: &writesARN})
	w.rule(t, "", "all", pattern, types.Target{Id: aws.String("q"), Arn: &allARN})
	if _, err := client.PutRule(t.Context(), &eventbridge.PutRuleInput{
		Name: aws.String("all"), EventPattern: &pattern, State: types.RuleStateEnabledWithAllCloudtrailManagementEvents,
	}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.trailClient(w.root, eventRegion).DescribeTrails(t.Context(), &cloudtrail.DescribeTrailsInput{}); err != nil {
		t.Fatal(err)
	}
	w.makeTrail("main") // and starts it
	if body := *w.awaitMessage(t, writes).Body; !strings.Contains(body, "StartLogging") {
		t.Errorf("a rule that is merely enabled gets %s", body)
	}
	if body := *w.awaitMessage(t, all).Body; !strings.Contains(body, "DescribeTrails") {
		t.Errorf("a rule for all management events gets %s first", body)
	}
}

func TestBuses(t *testing.T) {
	w := newWorld(t, sandbox.Options{})
	client, ctx := w.eventbridge(w.root), t.Context()
	made, err := client.CreateEventBus(ctx, &eventbridge.CreateEventBusInput{Name: aws.String("orders")})
	if err != nil {
		t.Fatal(err)
	}
	_, err = client.CreateEventBus(ctx, &eventbridge.CreateEventBusInput{Name: aws.String("orders")})
	wantCode(t, err, "ResourceAlreadyExistsException")
	url, arn := w.eventQueue(t, "events")
	w.rule(t, "orders", "to-queue", `{"source":["shop"]}`, types.Target{Id: aws.String("q"), Arn: &arn})
	w.rule(t, "", "to-bus", `{"source":["shop"]}`, types.Target{Id: aws.String("bus"), Arn: made.EventBusArn})
	for _, bus := range []string{"", "orders", *made.EventBusArn} {
		id := w.putEvent(t, bus, `{"n":1}`)
		if body := *w.awaitMessage(t, url).Body; !strings.Contains(body, `"id":"`+id+`"`) {
			t.Errorf("by bus %q came %s, want event %s", bus, body, id)
		}
	}
	list, err := client.ListEventBuses(ctx, &eventbridge.ListEventBusesInput{})
	if err != nil || len(list.EventBuses) != 2 || *list.EventBuses[0].Name != "default" {
		t.Errorf("buses: %+v, %v", list, err)
	}
	rules, err := client.ListRuleNamesByTarget(ctx, &eventbridge.ListRuleNamesByTargetInput{TargetArn: made.EventBusArn})
	if err != nil || len(rules.RuleNames) != 1 || rules.RuleNames[0] != "to-bus" {
		t.Errorf("rules to the bus: %+v, %v", rules, err)
	}
	if _, err := client.DeleteEventBus(ctx, &eventbridge.DeleteEventBusInput{Name: aws.String("orders")}); err != nil {
		t.Fatal(err)
	}
	_, err = client.DescribeEventBus(ctx, &eventbridge.DescribeEventBusInput{Name: aws.String("orders")})
	wantCode(t, err, "ResourceNotFoundException")
	_, err = client.DeleteEventBus(ctx, &eventbridge.DeleteEventBusInput{Name: aws.String("default")})
	wantCode(t, err, "ValidationException")
}

func TestBusesAcrossAccounts(t *testing.T) {
	w := newWorld(t, sandbox.Options{})
	other, err := w.CreateAccount(otherAccount, "other")
	if err != nil {
		t.Fatal(err)
	}
	far := w.eventbridge(other.CreateRootKey())
	farBus := "arn:aws:events:" + eventRegion + ":" + otherAccount + ":event-bus/default"
	url, arn := w.eventQueue(t, "back")
	dead, deadARN := w.eventQueue(t, "dead")
	name := aws.String("back")
	if _, err := far.PutRule(t.Context(), &eventbridge.PutRuleInput{Name: name, EventPattern: aws.String(`{"source":["shop"]}`)}); err != nil {
		t.Fatal(err)
	}
	if _, err := far.PutTargets(t.Context(), &eventbridge.PutTargetsInput{Rule: name, Targets: []types.Target{{Id: name, Arn: &arn}}}); err != nil {
		t.Fatal(err)
	}
	w.rule(t, "", "away", `{"source":["shop"]}`, types.Target{Id: aws.String("bus"), Arn: &farBus, DeadLetterConfig: &types.DeadLetterConfig{Arn: &deadARN}})
	w.putEvent(t, "", `{"n":1}`)
	if m := w.awaitMessage(t, dead); *m.MessageAttributes["ERROR_CODE"].StringValue != "NO_PERMISSIONS" {
		t.Errorf("without a permission the event is lost by %+v", m)
	}
	permission := &eventbridge.PutPermissionInput{StatementId: aws.String("us"), Action: aws.String("events:PutEvents"), Principal: aws.String(testAccount)}
	if _, err := far.PutPermission(t.Context(), permission); err != nil {
		t.Fatal(err)
	}
	w.putEvent(t, "", `{"n":2}`)
	if body := *w.awaitMessage(t, url).Body; !strings.Contains(body, `"account":"`+testAccount+`"`) || !strings.Contains(body, `{"n":2}`) {
		t.Errorf("by the other account's bus came %s", body)
	}
	w.putEvent(t, farBus, `{"n":3}`)
	if body := *w.awaitMessage(t, url).Body; !strings.Contains(body, `{"n":3}`) {
		t.Errorf("straight to the other account's bus came %s", body)
	}
	if _, err := far.RemovePermission(t.Context(), &eventbridge.RemovePermissionInput{StatementId: aws.String("us")}); err != nil {
		t.Fatal(err)
	}
	_, err = w.eventbridge(w.root).PutEvents(t.Context(), &eventbridge.PutEventsInput{Entries: []types.PutEventsRequestEntry{{
		Source: aws.String("shop"), DetailType: aws.String("order"), Detail: aws.String("{}"), EventBusName: &farBus,
	}}})
	wantCode(t, err, "AccessDeniedException")
}

func TestDeadLetters(t *testing.T) {
	w := newWorld(t, sandbox.Options{})
	dead, deadARN := w.eventQueue(t, "dead")
	closed := "arn:aws:sqs:" + eventRegion + ":" + testAccount + ":closed"
	makeQueue(t, w.sqs(w.root, eventRegion), "closed", nil)
	w.rule(t, "", "lost", `{"source":["shop"]}`, types.Target{Id: aws.String("q"), Arn: &closed, DeadLetterConfig: &types.DeadLetterConfig{Arn: &deadARN}})
	w.putEvent(t, "", `{"n":1}`)
	m := w.awaitMessage(t, dead)
	got := map[string]string{}
	for name, a := range m.MessageAttributes {
		got[name] = *a.StringValue
	}
	if got["RULE_ARN"] != "arn:aws:events:us-east-1:"+testAccount+":rule/lost" || got["TARGET_ARN"] != closed || got["ERROR_CODE"] != "NO_PERMISSIONS" || got["ERROR_MESSAGE"] == "" {
		t.Errorf("attributes %v", got)
	}
	var event struct{ Source string }
	if err := json.Unmarshal([]byte(*m.Body), &event); err != nil || event.Source != "shop" {
		t.Errorf("the body is %s", *m.Body)
	}
}

func TestEventBridgeCLI(t *testing.T) {
	w := newTrailWorld(t, sandbox.Options{})
	url, arn := w.eventQueue(t, "events")
	w.cli(eventRegion, "events", "put-rule", "--name", "trails", "--event-pattern", `{"source":["aws.cloudtrail"],"detail":{"eventName":["StopLogging"]}}`)
	w.cli(eventRegion, "events", "put-targets", "--rule", "trails", "--targets", "Id=q,Arn="+arn)
	trail := w.makeTrail("main")
	w.cli(eventRegion, "cloudtrail", "stop-logging", "--name", trail)
	if body := *w.awaitMessage(t, url).Body; !strings.Contains(body, `"eventName":"StopLogging"`) {
		t.Errorf("the queue has %s", body)
	}
	if got := w.cli(eventRegion, "events", "list-targets-by-rule", "--rule", "trails", "--query", "Targets[0].Arn", "--output", "text"); got != arn {
		t.Errorf("the target is %s", got)
	}
	text, err := w.tryCLI(eventRegion, "events", "delete-rule", "--name", "trails")
	if err == nil || !strings.Contains(text, "Rule can't be deleted since it has targets.") {
		t.Errorf("%v: %s", err, text)
	}
}
