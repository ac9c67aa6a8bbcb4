package sandbox_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"riposte.dev/sandbox"
)

func (w *world) logs(keys sandbox.Keys) *cloudwatchlogs.Client {
	return cloudwatchlogs.NewFromConfig(w.config(keys, "us-east-1"))
}

func makeGroup(t *testing.T, client *cloudwatchlogs.Client, group string, streams ...string) {
	t.Helper()
	if _, err := client.CreateLogGroup(t.Context(), &cloudwatchlogs.CreateLogGroupInput{LogGroupName: &group}); err != nil {
		t.Fatal(err)
	}
	for _, s := range streams {
		if _, err := client.CreateLogStream(t.Context(), &cloudwatchlogs.CreateLogStreamInput{LogGroupName: &group, LogStreamName: &s}); err != nil {
			t.Fatal(err)
		}
	}
}

// logLines puts messages at times that are a second apart.
func logLines(t *testing.T, client *cloudwatchlogs.Client, group, stream string, first time.Time, messages ...string) *cloudwatchlogs.PutLogEventsOutput {
	t.Helper()
	in := &cloudwatchlogs.PutLogEventsInput{LogGroupName: &group, LogStreamName: &stream}
	for i, m := range messages {
		in.LogEvents = append(in.LogEvents, types.InputLogEvent{Message: &m, Timestamp: aws.Int64(first.Add(time.Duration(i) * time.Second).UnixMilli())})
	}
	out, err := client.PutLogEvents(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// filterLogs finds messages, page by page.
func filterLogs(t *testing.T, client *cloudwatchlogs.Client, in *cloudwatchlogs.FilterLogEventsInput) string {
	t.Helper()
	var got []string
	p := cloudwatchlogs.NewFilterLogEventsPaginator(client, in)
	for p.HasMorePages() {
		page, err := p.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range page.Events {
			got = append(got, *e.Message)
		}
	}
	return strings.Join(got, ",")
}

func TestLogGroupLife(t *testing.T) {
	w, ctx := newWorld(t, sandbox.Options{}), t.Context()
	client := w.logs(w.root)
	makeGroup(t, client, "/app/x", "one", "two")
	_, err := client.CreateLogGroup(ctx, &cloudwatchlogs.CreateLogGroupInput{LogGroupName: aws.String("/app/x")})
	wantCode(t, err, "ResourceAlreadyExistsException")
	_, err = client.CreateLogStream(ctx, &cloudwatchlogs.CreateLogStreamInput{LogGroupName: aws.String("/app/x"), LogStreamName: aws.String("one")})
	wantCode(t, err, "ResourceAlreadyExistsException")
	_, err = client.PutRetentionPolicy(ctx, &cloudwatchlogs.PutRetentionPolicyInput{LogGroupName: aws.String("/app/x"), RetentionInDays: aws.Int32(2)})
	wantCode(t, err, "InvalidParameterException")
	if _, err := client.PutRetentionPolicy(ctx, &cloudwatchlogs.PutRetentionPolicyInput{LogGroupName: aws.String("/app/x"), RetentionInDays: aws.Int32(7)}); err != nil {
		t.Fatal(err)
	}
	logLines(t, client, "/app/x", "one", time.Now(), "hello")
	groups, err := client.DescribeLogGroups(ctx, &cloudwatchlogs.DescribeLogGroupsInput{LogGroupNamePrefix: aws.String("/app")})
	if err != nil || len(groups.LogGroups) != 1 {
		t.Fatalf("%+v, %v", groups, err)
	}
	if g := groups.LogGroups[0]; *g.Arn != "arn:aws:logs:us-east-1:111122223333:log-group:/app/x:*" || *g.RetentionInDays != 7 || *g.StoredBytes != 31 {
		t.Errorf("described as %s, %d days, %d bytes", *g.Arn, *g.RetentionInDays, *g.StoredBytes)
	}
	streams, err := client.DescribeLogStreams(ctx, &cloudwatchlogs.DescribeLogStreamsInput{LogGroupName: aws.String("/app/x"), OrderBy: types.OrderByLastEventTime, Descending: aws.Bool(true)})
	if err != nil || len(streams.LogStreams) != 2 || *streams.LogStreams[0].LogStreamName != "one" || streams.LogStreams[1].LastEventTimestamp != nil {
		t.Errorf("streams are %+v, %v", streams, err)
	}
	if _, err := client.DeleteLogGroup(ctx, &cloudwatchlogs.DeleteLogGroupInput{LogGroupName: aws.String("/app/x")}); err != nil {
		t.Fatal(err)
	}
	_, err = client.FilterLogEvents(ctx, &cloudwatchlogs.FilterLogEventsInput{LogGroupName: aws.String("/app/x")})
	wantCode(t, err, "ResourceNotFoundException")
}

func TestFilterLogEvents(t *testing.T) {
	w := newWorld(t, sandbox.Options{})
	client, start := w.logs(w.root), time.Now().Add(-time.Hour).Truncate(time.Second)
	makeGroup(t, client, "g", "a1", "a2", "b")
	logLines(t, client, "g", "a1", start, "ERROR disk full", "info: all well")
	logLines(t, client, "g", "a2", start.Add(500*time.Millisecond), `ERROR "net" down`, "warn slow")
	logLines(t, client, "g", "b", start.Add(time.Minute), "ERROR disk full")
	at := func(d time.Duration) *int64 { return aws.Int64(start.Add(d).UnixMilli()) }
	for name, tc := range map[string]struct {
		in   cloudwatchlogs.FilterLogEventsInput
		want string
	}{
		"all, interleaved":   {cloudwatchlogs.FilterLogEventsInput{}, `ERROR disk full,ERROR "net" down,info: all well,warn slow,ERROR disk full`},
		"pages":              {cloudwatchlogs.FilterLogEventsInput{Limit: aws.Int32(2)}, `ERROR disk full,ERROR "net" down,info: all well,warn slow,ERROR disk full`},
		"a prefix":           {cloudwatchlogs.FilterLogEventsInput{LogStreamNamePrefix: aws.String("a")}, `ERROR disk full,ERROR "net" down,info: all well,warn slow`},
		"streams":            {cloudwatchlogs.FilterLogEventsInput{LogStreamNames: []string{"b"}}, "ERROR disk full"},
		"times, inclusive":   {cloudwatchlogs.FilterLogEventsInput{StartTime: at(500 * time.Millisecond), EndTime: at(time.Second)}, `ERROR "net" down,info: all well`},
		"a term":             {cloudwatchlogs.FilterLogEventsInput{FilterPattern: aws.String("well")}, "info: all well"},
		"terms":              {cloudwatchlogs.FilterLogEventsInput{FilterPattern: aws.String("ERROR full")}, "ERROR disk full,ERROR disk full"},
		"quoted":             {cloudwatchlogs.FilterLogEventsInput{FilterPattern: aws.String(`"disk full"`)}, "ERROR disk full,ERROR disk full"},
		"a quoted quote":     {cloudwatchlogs.FilterLogEventsInput{FilterPattern: aws.String(`"\"net\""`)}, `ERROR "net" down`},
		"either":             {cloudwatchlogs.FilterLogEventsInput{FilterPattern: aws.String("?slow ?well")}, "info: all well,warn slow"},
		"without":            {cloudwatchlogs.FilterLogEventsInput{FilterPattern: aws.String(`ERROR -"disk full"`)}, `ERROR "net" down`},
		"case is looked at":  {cloudwatchlogs.FilterLogEventsInput{FilterPattern: aws.String("error")}, ""},
		"a pattern of pages": {cloudwatchlogs.FilterLogEventsInput{FilterPattern: aws.String("ERROR"), Limit: aws.Int32(1)}, `ERROR disk full,ERROR "net" down,ERROR disk full`},
	} {
		t.Run(name, func(t *testing.T) {
			tc.in.LogGroupName = aws.String("g")
			if got := filterLogs(t, client, &tc.in); got != tc.want {
				t.Errorf("found %s, want %s", got, tc.want)
			}
		})
	}
	for _, bad := range []string{`"open`, `a"b`, "{ $.x = 1 }", "- x"} {
		_, err := client.FilterLogEvents(t.Context(), &cloudwatchlogs.FilterLogEventsInput{LogGroupName: aws.String("g"), FilterPattern: &bad})
		wantCode(t, err, "InvalidParameterException")
	}
	_, err := client.FilterLogEvents(t.Context(), &cloudwatchlogs.FilterLogEventsInput{LogGroupName: aws.String("g"), NextToken: aws.String("x")})
	wantCode(t, err, "InvalidParameterException")
}

func TestGetLogEvents(t *testing.T) {
	w, ctx := newWorld(t, sandbox.Options{}), t.Context()
	client, start := w.logs(w.root), time.Now().Add(-time.Hour).Truncate(time.Second)
	makeGroup(t, client, "g", "s")
	logLines(t, client, "g", "s", start, "0", "1", "2", "3", "4")
	read := func(in cloudwatchlogs.GetLogEventsInput) (string, *cloudwatchlogs.GetLogEventsOutput) {
		t.Helper()
		in.LogGroupName, in.LogStreamName = aws.String("g"), aws.String("s")
		out, err := client.GetLogEvents(ctx, &in)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, e := range out.Events {
			got = append(got, *e.Message)
		}
		return strings.Join(got, ""), out
	}
	tail, out := read(cloudwatchlogs.GetLogEventsInput{Limit: aws.Int32(2)})
	earlier, _ := read(cloudwatchlogs.GetLogEventsInput{Limit: aws.Int32(2), NextToken: out.NextBackwardToken})
	if tail != "34" || earlier != "12" {
		t.Errorf("the latest are %s, those before %s", tail, earlier)
	}
	none, end := read(cloudwatchlogs.GetLogEventsInput{NextToken: out.NextForwardToken})
	if none != "" || *end.NextForwardToken != *out.NextForwardToken {
		t.Errorf("at the end there is %q, and the token %s, before %s", none, *end.NextForwardToken, *out.NextForwardToken)
	}
	logLines(t, client, "g", "s", start.Add(time.Minute), "5")
	if later, _ := read(cloudwatchlogs.GetLogEventsInput{NextToken: end.NextForwardToken}); later != "5" {
		t.Errorf("later there is %q", later)
	}
	head, out := read(cloudwatchlogs.GetLogEventsInput{Limit: aws.Int32(3), StartFromHead: aws.Bool(true)})
	rest, _ := read(cloudwatchlogs.GetLogEventsInput{NextToken: out.NextForwardToken, StartFromHead: aws.Bool(true)})
	if head != "012" || rest != "345" {
		t.Errorf("from the head there is %s, then %s", head, rest)
	}
	if part, _ := read(cloudwatchlogs.GetLogEventsInput{StartTime: aws.Int64(start.Add(time.Second).UnixMilli()), EndTime: aws.Int64(start.Add(3 * time.Second).UnixMilli())}); part != "12" {
		t.Errorf("between the times there is %s", part)
	}
}

func TestPutLogEventsRefuses(t *testing.T) {
	w, ctx := newWorld(t, sandbox.Options{}), t.Context()
	client, now := w.logs(w.root), time.Now()
	makeGroup(t, client, "g", "s")
	event := func(d time.Duration, message string) types.InputLogEvent {
		return types.InputLogEvent{Message: &message, Timestamp: aws.Int64(now.Add(d).UnixMilli())}
	}
	for name, events := range map[string][]types.InputLogEvent{
		"disorder":     {event(0, "a"), event(-time.Second, "b")},
		"a long span":  {event(-25*time.Hour, "a"), event(0, "b")},
		"a long event": {event(0, strings.Repeat("x", 1<<20))},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := client.PutLogEvents(ctx, &cloudwatchlogs.PutLogEventsInput{LogGroupName: aws.String("g"), LogStreamName: aws.String("s"), LogEvents: events})
			wantCode(t, err, "InvalidParameterException")
		})
	}
	day := 24 * time.Hour
	old, err := client.PutLogEvents(ctx, &cloudwatchlogs.PutLogEventsInput{
		LogGroupName: aws.String("g"), LogStreamName: aws.String("s"), LogEvents: []types.InputLogEvent{event(-14*day-time.Hour, "old"), event(-14*day+time.Hour, "kept")},
	})
	if err != nil || *old.RejectedLogEventsInfo.TooOldLogEventEndIndex != 1 {
		t.Errorf("%+v, %v", old, err)
	}
	early, err := client.PutLogEvents(ctx, &cloudwatchlogs.PutLogEventsInput{
		LogGroupName: aws.String("g"), LogStreamName: aws.String("s"), LogEvents: []types.InputLogEvent{event(time.Hour, "soon"), event(3*time.Hour, "late")},
	})
	if err != nil || *early.RejectedLogEventsInfo.TooNewLogEventStartIndex != 1 {
		t.Errorf("%+v, %v", early, err)
	}
	if got := filterLogs(t, client, &cloudwatchlogs.FilterLogEventsInput{LogGroupName: aws.String("g")}); got != "kept,soon" {
		t.Errorf("kept are %s", got)
	}
	_, err = client.PutLogEvents(ctx, &cloudwatchlogs.PutLogEventsInput{LogGroupName: aws.String("g"), LogStreamName: aws.String("missing"), LogEvents: []types.InputLogEvent{event(0, "a")}})
	wantCode(t, err, "ResourceNotFoundException")
}

func TestLogsPermissions(t *testing.T) {
	w, ctx := newWorld(t, sandbox.Options{}), t.Context()
	makeGroup(t, w.logs(w.root), "g", "s")
	makeGroup(t, w.logs(w.root), "other", "s")
	reader := w.logs(w.user("reader", allow("logs:FilterLogEvents", "arn:aws:logs:us-east-1:111122223333:log-group:g:*")))
	filterLogs(t, reader, &cloudwatchlogs.FilterLogEventsInput{LogGroupName: aws.String("g")})
	_, err := reader.FilterLogEvents(ctx, &cloudwatchlogs.FilterLogEventsInput{LogGroupName: aws.String("other")})
	wantCode(t, err, "AccessDeniedException")
}

func TestLogsResourcePolicies(t *testing.T) {
	w, ctx := newWorld(t, sandbox.Options{}), t.Context()
	client := w.logs(w.root)
	doc := `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Service":"events.amazonaws.com"},"Action":"logs:PutLogEvents","Resource":"*"}}`
	for i := range 11 {
		_, err := client.PutResourcePolicy(ctx, &cloudwatchlogs.PutResourcePolicyInput{PolicyName: aws.String(fmt.Sprint(i)), PolicyDocument: &doc})
		if i == 10 {
			wantCode(t, err, "LimitExceededException")
		} else if err != nil {
			t.Fatal(err)
		}
	}
	_, err := client.PutResourcePolicy(ctx, &cloudwatchlogs.PutResourcePolicyInput{PolicyName: aws.String("1"), PolicyDocument: aws.String("{")})
	wantCode(t, err, "InvalidParameterException")
	out, err := client.DescribeResourcePolicies(ctx, nil)
	if err != nil || len(out.ResourcePolicies) != 10 || *out.ResourcePolicies[0].PolicyDocument != doc {
		t.Errorf("%+v, %v", out, err)
	}
}

func TestRetentionAndTagsOfGroups(t *testing.T) {
	w, ctx := newWorld(t, sandbox.Options{}), t.Context()
	client := cloudwatchlogs.NewFromConfig(w.config(w.root, "eu-west-1"))
	name := aws.String("tagged")
	if _, err := client.CreateLogGroup(ctx, &cloudwatchlogs.CreateLogGroupInput{LogGroupName: name, Tags: map[string]string{"team": "ops"}}); err != nil {
		t.Fatal(err)
	}
	if _, err := client.PutRetentionPolicy(ctx, &cloudwatchlogs.PutRetentionPolicyInput{LogGroupName: name, RetentionInDays: aws.Int32(14)}); err != nil {
		t.Fatal(err)
	}
	if _, err := client.DeleteRetentionPolicy(ctx, &cloudwatchlogs.DeleteRetentionPolicyInput{LogGroupName: name}); err != nil {
		t.Fatal(err)
	}
	out, err := client.DescribeLogGroups(ctx, &cloudwatchlogs.DescribeLogGroupsInput{LogGroupNamePrefix: name})
	if err != nil || len(out.LogGroups) != 1 || aws.ToInt32(out.LogGroups[0].RetentionInDays) != 0 {
		t.Fatalf("the group is %+v, %v; want it to keep events for ever", out, err)
	}
	tags, err := client.ListTagsForResource(ctx, &cloudwatchlogs.ListTagsForResourceInput{ResourceArn: aws.String("arn:aws:logs:eu-west-1:111122223333:log-group:tagged")})
	if err != nil || tags.Tags["team"] != "ops" {
		t.Errorf("the tags are %+v, %v", tags, err)
	}
	_, err = client.ListTagsForResource(ctx, &cloudwatchlogs.ListTagsForResourceInput{ResourceArn: aws.String("arn:aws:logs:eu-west-1:111122223333:log-group:none")})
	wantCode(t, err, "ResourceNotFoundException")
	_, err = client.DeleteRetentionPolicy(ctx, &cloudwatchlogs.DeleteRetentionPolicyInput{LogGroupName: aws.String("none")})
	wantCode(t, err, "ResourceNotFoundException")
}
