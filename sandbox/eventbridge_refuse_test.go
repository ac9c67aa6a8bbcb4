package sandbox_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"

	"riposte.dev/sandbox"
)

func TestRulesRefuse(t *testing.T) {
	w := newWorld(t, sandbox.Options{})
	client, ctx := w.eventbridge(w.root), t.Context()
	pattern := aws.String(`{"source":["x"]}`)
	for name, tc := range map[string]struct {
		in   *eventbridge.PutRuleInput
		want string
	}{
		"no pattern":  {&eventbridge.PutRuleInput{Name: aws.String("r")}, "ValidationException"},
		"bad pattern": {&eventbridge.PutRuleInput{Name: aws.String("r"), EventPattern: aws.String(`{"source":"x"}`)}, "InvalidEventPatternException"},
		"bad name":    {&eventbridge.PutRuleInput{Name: aws.String("a b"), EventPattern: pattern}, "ValidationException"},
		"no bus":      {&eventbridge.PutRuleInput{Name: aws.String("r"), EventPattern: pattern, EventBusName: aws.String("none")}, "ResourceNotFoundException"},
		"schedule":    {&eventbridge.PutRuleInput{Name: aws.String("r"), ScheduleExpression: aws.String("rate(1 day)")}, "ValidationException"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := client.PutRule(ctx, tc.in)
			wantCode(t, err, tc.want)
		})
	}
	if _, err := client.PutRule(ctx, &eventbridge.PutRuleInput{Name: aws.String("r"), EventPattern: pattern}); err != nil {
		t.Fatal(err)
	}
	queue := "arn:aws:sqs:us-east-1:" + testAccount + ":q"
	for name, target := range map[string]types.Target{
		"no ARN":              {Arn: aws.String("queue")},
		"another region":      {Arn: aws.String("arn:aws:sqs:eu-west-1:" + testAccount + ":q")},
		"a stream, no role":   {Arn: aws.String("arn:aws:kinesis:us-east-1:" + testAccount + ":stream/s")},
		"no destination":      {Arn: aws.String("arn:aws:events:us-east-1:" + testAccount + ":api-destination/d/x"), RoleArn: aws.String("arn:aws:iam::" + testAccount + ":role/r")},
		"two inputs":          {Arn: &queue, Input: aws.String("{}"), InputPath: aws.String("$.detail")},
		"a bad path":          {Arn: &queue, InputPath: aws.String("detail")},
		"dead letters abroad": {Arn: &queue, DeadLetterConfig: &types.DeadLetterConfig{Arn: aws.String("arn:aws:sqs:eu-west-1:" + testAccount + ":q")}},
	} {
		t.Run(name, func(t *testing.T) {
			target.Id = aws.String("t")
			_, err := client.PutTargets(ctx, &eventbridge.PutTargetsInput{Rule: aws.String("r"), Targets: []types.Target{target}})
			wantCode(t, err, "ValidationException")
		})
	}
	many := make([]types.Target, 6)
	for i := range many {
		many[i] = types.Target{Id: aws.String(string(rune('a' + i))), Arn: &queue}
	}
	_, err := client.PutTargets(ctx, &eventbridge.PutTargetsInput{Rule: aws.String("r"), Targets: many})
	wantCode(t, err, "LimitExceededException")
	out, err := client.RemoveTargets(ctx, &eventbridge.RemoveTargetsInput{Rule: aws.String("r"), Ids: []string{"a"}})
	if err != nil || out.FailedEntryCount != 1 || *out.FailedEntries[0].ErrorCode != "ResourceNotFoundException" {
		t.Errorf("removing what isn't there: %+v, %v", out, err)
	}
	nobody := eventbridge.NewFromConfig(w.config(w.user("nobody"), "us-east-1"))
	_, err = nobody.DescribeRule(ctx, &eventbridge.DescribeRuleInput{Name: aws.String("r")})
	wantCode(t, err, "AccessDeniedException")
}

func TestEventPatterns(t *testing.T) {
	w := newWorld(t, sandbox.Options{})
	client := w.eventbridge(w.root)
	event := `{"id":"1","account":"2","source":"x","time":"2026-01-01T00:00:00Z","region":"r","resources":[],"detail-type":"t","detail":{"a":"b"}}`
	for pattern, want := range map[string]bool{`{"source":["x"]}`: true, `{"detail":{"a":["c"]}}`: false} {
		out, err := client.TestEventPattern(t.Context(), &eventbridge.TestEventPatternInput{EventPattern: &pattern, Event: &event})
		if err != nil || out.Result != want {
			t.Errorf("%s: %+v, %v, want %v", pattern, out, err, want)
		}
	}
	_, err := client.TestEventPattern(t.Context(), &eventbridge.TestEventPatternInput{EventPattern: aws.String(`{"a":["x"]}`), Event: aws.String(`{"a":"x"}`)})
	wantCode(t, err, "ValidationException")
	_, err = client.TestEventPattern(t.Context(), &eventbridge.TestEventPatternInput{EventPattern: aws.String(`{"a":1}`), Event: &event})
	wantCode(t, err, "InvalidEventPatternException")
}

func TestRuleStates(t *testing.T) {
	w := newWorld(t, sandbox.Options{})
	client, ctx, name := w.eventbridge(w.root), t.Context(), aws.String("r")
	url, arn := w.eventQueue(t, "events")
	w.rule(t, "", *name, `{"source":["shop"]}`, types.Target{Id: aws.String("q"), Arn: &arn})
	if _, err := client.DisableRule(ctx, &eventbridge.DisableRuleInput{Name: name}); err != nil {
		t.Fatal(err)
	}
	w.putEvent(t, "", `{"n":1}`)
	if _, err := client.EnableRule(ctx, &eventbridge.EnableRuleInput{Name: name}); err != nil {
		t.Fatal(err)
	}
	second := w.putEvent(t, "", `{"n":2}`)
	if body := *w.awaitMessage(t, url).Body; !strings.Contains(body, second) {
		t.Errorf("a disabled rule brought %s", body)
	}
	_, err := client.DeleteRule(ctx, &eventbridge.DeleteRuleInput{Name: name})
	wantCode(t, err, "ValidationException")
	if _, err := client.RemoveTargets(ctx, &eventbridge.RemoveTargetsInput{Rule: name, Ids: []string{"q"}}); err != nil {
		t.Fatal(err)
	}
	if _, err := client.DeleteRule(ctx, &eventbridge.DeleteRuleInput{Name: name}); err != nil {
		t.Fatal(err)
	}
	rules, err := client.ListRules(ctx, &eventbridge.ListRulesInput{})
	if err != nil || len(rules.Rules) != 0 {
		t.Errorf("rules left: %+v, %v", rules, err)
	}
}
