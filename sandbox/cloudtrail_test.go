package sandbox_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"

	"riposte.dev/sandbox"
)

const trailBucket = "trail-logs-111122223333"

// bucketPolicy lets CloudTrail write the account's logs.
const bucketPolicy = `{"Version":"2012-10-17","Statement":[
	{"Effect":"Allow","Principal":{"Service":"cloudtrail.amazonaws.com"},"Action":"s3:GetBucketAcl","Resource":"arn:aws:s3:::BUCKET"},
	{"Effect":"Allow","Principal":{"Service":"cloudtrail.amazonaws.com"},"Action":"s3:PutObject","Resource":"arn:aws:s3:::BUCKET/AWSLogs/*",
	 "Condition":{"StringEquals":{"s3:x-amz-acl":"bucket-owner-full-control"}}}]}`

func (w *world) trailClient(keys sandbox.Keys, region string) *cloudtrail.Client {
	return cloudtrail.NewFromConfig(w.config(keys, region))
}

// makeTrail makes a trail in us-east-1 and starts it.
func (w *world) makeTrail(name string, change ...func(*cloudtrail.CreateTrailInput)) string {
	w.t.Helper()
	in := &cloudtrail.CreateTrailInput{Name: &name, S3BucketName: aws.String(trailBucket)}
	for _, f := range change {
		f(in)
	}
	client := w.trailClient(w.root, "us-east-1")
	out, err := client.CreateTrail(w.t.Context(), in)
	if err != nil {
		w.t.Fatal(err)
	}
	if _, err := client.StartLogging(w.t.Context(), &cloudtrail.StartLoggingInput{Name: out.TrailARN}); err != nil {
		w.t.Fatal(err)
	}
	return *out.TrailARN
}

func multiRegion(in *cloudtrail.CreateTrailInput) { in.IsMultiRegionTrail = aws.Bool(true) }

func newTrailWorld(t *testing.T, opts sandbox.Options) *world {
	w := newWorld(t, opts)
	w.SetBuckets(map[string]string{trailBucket: strings.ReplaceAll(bucketPolicy, "BUCKET", trailBucket), "closed": ""})
	return w
}

func TestTrailLife(t *testing.T) {
	w, ctx := newTrailWorld(t, sandbox.Options{}), t.Context()
	client := w.trailClient(w.root, "us-east-1")
	arn := w.makeTrail("main", func(in *cloudtrail.CreateTrailInput) {
		in.TagsList = []types.Tag{{Key: aws.String("owner"), Value: aws.String("platform")}}
	})
	if want := "arn:aws:cloudtrail:us-east-1:111122223333:trail/main"; arn != want {
		t.Fatalf("ARN is %s, want %s", arn, want)
	}
	status := func() *cloudtrail.GetTrailStatusOutput {
		t.Helper()
		out, err := client.GetTrailStatus(ctx, &cloudtrail.GetTrailStatusInput{Name: aws.String("main")})
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	if s := status(); !*s.IsLogging || s.StartLoggingTime == nil {
		t.Errorf("a started trail is not logging: %+v", s)
	}
	if _, err := client.StopLogging(ctx, &cloudtrail.StopLoggingInput{Name: &arn}); err != nil {
		t.Fatal(err)
	}
	if s := status(); *s.IsLogging || s.StopLoggingTime == nil {
		t.Errorf("a stopped trail is logging: %+v", s)
	}
	_, err := client.PutEventSelectors(ctx, &cloudtrail.PutEventSelectorsInput{
		TrailName: aws.String("main"), EventSelectors: []types.EventSelector{{ReadWriteType: types.ReadWriteTypeWriteOnly}},
	})
	if err != nil {
		t.Fatal(err)
	}
	sel, err := client.GetEventSelectors(ctx, &cloudtrail.GetEventSelectorsInput{TrailName: aws.String("main")})
	if err != nil || sel.EventSelectors[0].ReadWriteType != types.ReadWriteTypeWriteOnly || !*sel.EventSelectors[0].IncludeManagementEvents {
		t.Errorf("selectors are %+v, %v", sel, err)
	}
	tags, err := client.ListTags(ctx, &cloudtrail.ListTagsInput{ResourceIdList: []string{arn}})
	if err != nil || *tags.ResourceTagList[0].TagsList[0].Value != "platform" {
		t.Errorf("tags are %+v, %v", tags, err)
	}
	up, err := client.UpdateTrail(ctx, &cloudtrail.UpdateTrailInput{Name: aws.String("main"), EnableLogFileValidation: aws.Bool(true)})
	if err != nil || !*up.LogFileValidationEnabled || *up.S3BucketName != trailBucket {
		t.Errorf("update answers %+v, %v", up, err)
	}
	desc, err := client.DescribeTrails(ctx, &cloudtrail.DescribeTrailsInput{})
	if err != nil || len(desc.TrailList) != 1 || !*desc.TrailList[0].HasCustomEventSelectors || *desc.TrailList[0].HomeRegion != "us-east-1" {
		t.Errorf("trails are %+v, %v", desc.TrailList, err)
	}
	if _, err := client.DeleteTrail(ctx, &cloudtrail.DeleteTrailInput{Name: aws.String("main")}); err != nil {
		t.Fatal(err)
	}
	_, err = client.GetTrail(ctx, &cloudtrail.GetTrailInput{Name: &arn})
	wantCode(t, err, "TrailNotFoundException")
}

func TestTrailRefusals(t *testing.T) {
	w := newTrailWorld(t, sandbox.Options{})
	arn := w.makeTrail("everywhere", multiRegion)
	w.makeTrail("local")
	home, away := w.trailClient(w.root, "us-east-1"), w.trailClient(w.root, "eu-west-1")
	stop := func(c *cloudtrail.Client, name string) error {
		_, err := c.StopLogging(t.Context(), &cloudtrail.StopLoggingInput{Name: &name})
		return err
	}
	create := func(name, bucket string, multi, global *bool) error {
		_, err := home.CreateTrail(t.Context(), &cloudtrail.CreateTrailInput{
			Name: &name, S3BucketName: &bucket, IsMultiRegionTrail: multi, IncludeGlobalServiceEvents: global,
		})
		return err
	}
	other, err := w.CreateAccount(otherAccount, "other")
	if err != nil {
		t.Fatal(err)
	}
	foreign := w.trailClient(other.CreateRootKey(), "us-east-1")
	for _, tc := range []struct {
		name string
		err  error
		code string
	}{
		{"unknown name", stop(home, "missing"), "TrailNotFoundException"},
		{"shadow by name", stop(away, "everywhere"), "InvalidHomeRegionException"},
		{"shadow by ARN", stop(away, arn), "InvalidHomeRegionException"},
		{"trail of another region by name", stop(away, "local"), "TrailNotFoundException"},
		{"trail of another account", stop(foreign, arn), "CloudTrailARNInvalidException"},
		{"short name", stop(home, "ab"), "InvalidTrailNameException"},
		{"name like an address", create("192.168.1.1", trailBucket, nil, nil), "InvalidTrailNameException"},
		{"name twice", create("local", trailBucket, nil, nil), "TrailAlreadyExistsException"},
		{"no such bucket", create("third", "no-such-bucket", nil, nil), "S3BucketDoesNotExistException"},
		{"a bucket without policy", create("third", "closed", nil, nil), "InsufficientS3BucketPolicyException"},
		{"multi-region without global events", create("third", trailBucket, aws.Bool(true), aws.Bool(false)), "InvalidParameterCombinationException"},
	} {
		t.Run(tc.name, func(t *testing.T) { wantCode(t, tc.err, tc.code) })
	}
}

func TestShadowTrails(t *testing.T) {
	w, ctx := newTrailWorld(t, sandbox.Options{}), t.Context()
	arn := w.makeTrail("everywhere", multiRegion)
	away := w.trailClient(w.root, "eu-west-1")
	count := func(in *cloudtrail.DescribeTrailsInput) int {
		t.Helper()
		out, err := away.DescribeTrails(ctx, in)
		if err != nil {
			t.Fatal(err)
		}
		return len(out.TrailList)
	}
	for _, tc := range []struct {
		name string
		in   *cloudtrail.DescribeTrailsInput
		want int
	}{
		{"shadows are shown", &cloudtrail.DescribeTrailsInput{}, 1},
		{"shadows are left out", &cloudtrail.DescribeTrailsInput{IncludeShadowTrails: aws.Bool(false)}, 0},
		{"a shadow by name", &cloudtrail.DescribeTrailsInput{TrailNameList: []string{"everywhere"}}, 0},
		{"a shadow by ARN", &cloudtrail.DescribeTrailsInput{TrailNameList: []string{arn}}, 1},
	} {
		if got := count(tc.in); got != tc.want {
			t.Errorf("%s: %d trails, want %d", tc.name, got, tc.want)
		}
	}
	if _, err := away.GetTrailStatus(ctx, &cloudtrail.GetTrailStatusInput{Name: &arn}); err != nil {
		t.Errorf("status of a shadow by ARN: %v", err)
	}
	_, err := away.GetTrailStatus(ctx, &cloudtrail.GetTrailStatusInput{Name: aws.String("everywhere")})
	wantCode(t, err, "TrailNotFoundException")
	all, err := away.ListTrails(ctx, nil)
	if err != nil || len(all.Trails) != 1 || *all.Trails[0].HomeRegion != "us-east-1" {
		t.Errorf("ListTrails answers %+v, %v", all, err)
	}
}

func TestOrganizationTrail(t *testing.T) {
	w, ctx := newTrailWorld(t, sandbox.Options{}), t.Context()
	member, err := w.CreateAccount(otherAccount, "member")
	if err != nil {
		t.Fatal(err)
	}
	org := func(in *cloudtrail.CreateTrailInput) { in.IsOrganizationTrail = aws.Bool(true); multiRegion(in) }
	in := &cloudtrail.CreateTrailInput{Name: aws.String("org"), S3BucketName: aws.String(trailBucket)}
	org(in)
	_, err = w.trailClient(w.root, "us-east-1").CreateTrail(ctx, in)
	wantCode(t, err, "OrganizationsNotInUseException")
	if err := w.account.CreateOrganization(member); err != nil {
		t.Fatal(err)
	}
	inside := w.trailClient(member.CreateRootKey(), "us-east-1")
	_, err = inside.CreateTrail(ctx, in)
	wantCode(t, err, "NotOrganizationMasterAccountException")

	arn := w.makeTrail("org", org)
	desc, err := inside.DescribeTrails(ctx, nil)
	if err != nil || len(desc.TrailList) != 1 || *desc.TrailList[0].TrailARN != arn || !*desc.TrailList[0].IsOrganizationTrail {
		t.Fatalf("a member sees %+v, %v", desc, err)
	}
	if s, err := inside.GetTrailStatus(ctx, &cloudtrail.GetTrailStatusInput{Name: &arn}); err != nil || !*s.IsLogging {
		t.Errorf("status in a member account: %+v, %v", s, err)
	}
	_, err = inside.GetTrailStatus(ctx, &cloudtrail.GetTrailStatusInput{Name: aws.String("org")})
	wantCode(t, err, "TrailNotFoundException")
	_, err = inside.StopLogging(ctx, &cloudtrail.StopLoggingInput{Name: &arn})
	wantCode(t, err, "NotOrganizationMasterAccountException")
	_, err = inside.StopLogging(ctx, &cloudtrail.StopLoggingInput{Name: aws.String("org")})
	wantCode(t, err, "TrailNotFoundException")
	_, err = inside.ListTags(ctx, &cloudtrail.ListTagsInput{ResourceIdList: []string{arn}})
	wantCode(t, err, "CloudTrailARNInvalidException")
}

func TestLookupEvents(t *testing.T) {
	w, ctx := newTrailWorld(t, sandbox.Options{}), t.Context()
	arn := w.makeTrail("main")
	client := w.trailClient(w.root, "us-east-1")
	mallory := w.user("mallory", sandbox.AdministratorAccess)
	for range 5 {
		if _, err := w.trailClient(mallory, "us-east-1").StopLogging(ctx, &cloudtrail.StopLoggingInput{Name: &arn}); err != nil {
			t.Fatal(err)
		}
	}
	attr := func(k types.LookupAttributeKey, v string) []types.LookupAttribute {
		return []types.LookupAttribute{{AttributeKey: k, AttributeValue: &v}}
	}
	for _, tc := range []struct {
		name string
		in   cloudtrail.LookupEventsInput
		want int
	}{
		{"by name", cloudtrail.LookupEventsInput{LookupAttributes: attr("EventName", "StopLogging")}, 5},
		{"by user", cloudtrail.LookupEventsInput{LookupAttributes: attr("Username", "mallory")}, 5},
		{"by key", cloudtrail.LookupEventsInput{LookupAttributes: attr("AccessKeyId", mallory.AccessKeyID)}, 5},
		{"by resource", cloudtrail.LookupEventsInput{LookupAttributes: attr("ResourceName", arn)}, 7},
		{"by resource type", cloudtrail.LookupEventsInput{LookupAttributes: attr("ResourceType", "AWS::CloudTrail::Trail")}, 7},
		{"by source", cloudtrail.LookupEventsInput{LookupAttributes: attr("EventSource", "sns.amazonaws.com")}, 0},
		{"before it began", cloudtrail.LookupEventsInput{EndTime: aws.Time(time.Now().Add(-time.Hour))}, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := 0
			tc.in.MaxResults = aws.Int32(2)
			seen := map[string]bool{}
			for p := cloudtrail.NewLookupEventsPaginator(client, &tc.in); p.HasMorePages(); {
				page, err := p.NextPage(ctx)
				if err != nil {
					t.Fatal(err)
				}
				for _, e := range page.Events {
					if seen[*e.EventId] {
						t.Errorf("event %s came twice", *e.EventId)
					}
					seen[*e.EventId] = true
					got++
				}
			}
			if got != tc.want {
				t.Errorf("%d events, want %d", got, tc.want)
			}
		})
	}
	away, err := w.trailClient(w.root, "eu-west-1").LookupEvents(ctx, &cloudtrail.LookupEventsInput{LookupAttributes: attr("EventName", "StopLogging")})
	if err != nil || len(away.Events) != 0 {
		t.Errorf("another region shows %d events, %v", len(away.Events), err)
	}
	_, err = client.LookupEvents(ctx, &cloudtrail.LookupEventsInput{NextToken: aws.String("bm9uc2Vuc2U")})
	wantCode(t, err, "InvalidNextTokenException")
	_, err = client.LookupEvents(ctx, &cloudtrail.LookupEventsInput{StartTime: aws.Time(time.Now()), EndTime: aws.Time(time.Now().Add(-time.Hour))})
	wantCode(t, err, "InvalidTimeRangeException")
}

func TestLookupEventsIsThrottled(t *testing.T) {
	w := newWorld(t, sandbox.Options{Throttle: true, Clock: newClock()})
	client := w.trailClient(w.root, "us-east-1")
	for range 2 {
		if _, err := client.LookupEvents(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
	}
	_, err := client.LookupEvents(t.Context(), nil)
	wantCode(t, err, "ThrottlingException")
}
