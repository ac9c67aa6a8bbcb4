package sandbox

import (
	"maps"
	"net/http"
	"strings"
	"time"

	"riposte.dev/sandbox/wire"
)

// cloudfrontService answers for distributions, which serve nothing and are
// deployed at once (https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_Operations.html).
// Actions and resources are those of
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudfront.html.
func cloudfrontService() *service {
	one := func(name string, handle func(*call) (wire.Object, error)) operation {
		return operation{name: name, handle: handle, resources: func(c *call) []string { return []string{c.distributionARN(c.in.str("Id"))} }}
	}
	create := operation{
		name: "CreateDistributionWithTags", action: "cloudfront:CreateDistribution", handle: createDistribution,
		resources: func(c *call) []string { return []string{c.distributionARN("*")} },
		also: func(c *call) []need {
			config := c.in.object("DistributionConfigWithTags")
			return append(logBucketNeeds(config.object("DistributionConfig"), nil), need{"cloudfront:TagResource", c.distributionARN("*")})
		},
	}
	update := one("UpdateDistribution", updateDistribution)
	update.also = func(c *call) []need {
		d, err := c.distribution()
		if err != nil {
			return nil
		}
		return logBucketNeeds(c.in.object("DistributionConfig"), input(d.config))
	}
	return &service{
		name: "cloudfront", prefix: "cloudfront", global: true,
		operations: []operation{
			create, update,
			one("GetDistribution", getDistribution),
			one("GetDistributionConfig", getDistributionConfig),
			{name: "ListDistributions", handle: listDistributions},
			{name: "ListTagsForResource", resources: func(c *call) []string { return []string{c.in.str("Resource")} }, handle: listDistributionTags},
		},
	}
}

// distributions are those of an account.
type distributions struct{ all []*distribution }

type distribution struct {
	id, etag string
	config   wire.Object // DistributionConfig; replaced, never changed
	changed  time.Time
	tags     map[string]string
}

func newDistributions() *distributions { return &distributions{} }

func (s *distributions) clone() stater {
	out := newDistributions()
	for _, d := range s.all {
		c := *d
		c.tags = maps.Clone(d.tags)
		out.all = append(out.all, &c)
	}
	return out
}

func (c *call) distributions() *distributions {
	return stateOf(c, stateKey{"cloudfront", c.account.id, ""}, newDistributions)
}

func (c *call) distributionARN(id string) string {
	return arn("cloudfront", "", c.account.id, "distribution/"+id)
}

func (c *call) distribution() (*distribution, error) {
	d := firstWhere(c.distributions().all, func(d *distribution) bool { return d.id == c.in.str("Id") })
	if d == nil {
		return nil, wire.Errorf("NoSuchDistribution", "The specified distribution does not exist.")
	}
	return d, nil
}

// logBucketNeeds are what it takes to have CloudFront write logs: it puts itself
// into the access list of the bucket
// (https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/standard-logging-legacy-s3.html).
func logBucketNeeds(config, before input) []need {
	logging := config.object("Logging")
	name, _, _ := strings.Cut(logging.str("Bucket"), ".s3.")
	if !logging.flag("Enabled", false) || before.object("Logging").str("Bucket") == logging.str("Bucket") {
		return nil
	}
	bucket := arn("s3", "", "", name)
	return []need{{"s3:GetBucketAcl", bucket}, {"s3:PutBucketAcl", bucket}}
}

// logsTo refuses a bucket that takes no access lists.
func (c *call) logsTo(config input) error {
	logging := config.object("Logging")
	if !logging.flag("Enabled", false) {
		return nil
	}
	name, _, regional := strings.Cut(logging.str("Bucket"), ".s3.")
	b := liveState(c.sb, stateKey{service: "s3"}, newBuckets).byName[name]
	switch {
	case !regional || b == nil:
		return wire.Errorf("InvalidArgument", "The parameter Bucket Name of Logging Config is invalid: %s", logging.str("Bucket"))
	case b.settings.ownership == "" || b.settings.ownership == "BucketOwnerEnforced":
		return wire.Errorf("InvalidArgument", "The S3 bucket that you specified for CloudFront logs does not enable ACL access: %s", logging.str("Bucket"))
	}
	return nil
}

func createDistribution(c *call) (wire.Object, error) {
	in := c.in.object("DistributionConfigWithTags")
	if err := c.logsTo(in.object("DistributionConfig")); err != nil {
		return nil, err
	}
	d := &distribution{
		id: "E" + strings.ToUpper(strings.ReplaceAll(c.sb.newUUID(), "-", "")[:13]), etag: c.newETag(), config: wire.Object(in.object("DistributionConfig")),
		changed: c.time.UTC(), tags: map[string]string{},
	}
	for _, t := range in.object("Tags").objects("Items") {
		d.tags[t.str("Key")] = t.str("Value")
	}
	all := c.distributions()
	all.all = append(all.all, d)
	return wire.Object{"Distribution": d.describe(c), "ETag": d.etag, "Location": "https://cloudfront.amazonaws.com/2020-05-31/distribution/" + d.id}, nil
}

func (c *call) newETag() string {
	return "E" + strings.ToUpper(strings.ReplaceAll(c.sb.newUUID(), "-", "")[:12])
}

func (d *distribution) describe(c *call) wire.Object {
	return wire.Object{
		"Id": d.id, "ARN": c.distributionARN(d.id), "Status": "Deployed", "LastModifiedTime": d.changed, "InProgressInvalidationBatches": int64(0),
		"DomainName": lower(d.id) + ".cloudfront.net", "DistributionConfig": d.config,
	}
}

func getDistribution(c *call) (wire.Object, error) {
	d, err := c.distribution()
	if err != nil {
		return nil, err
	}
	return wire.Object{"Distribution": d.describe(c), "ETag": d.etag}, nil
}

func getDistributionConfig(c *call) (wire.Object, error) {
	d, err := c.distribution()
	if err != nil {
		return nil, err
	}
	return wire.Object{"DistributionConfig": d.config, "ETag": d.etag}, nil
}

func updateDistribution(c *call) (wire.Object, error) {
	d, err := c.distribution()
	config := c.in.object("DistributionConfig")
	switch {
	case err != nil:
		return nil, err
	case c.in.str("IfMatch") == "":
		return nil, wire.Errorf("InvalidIfMatchVersion", "The If-Match version is missing or not valid for the resource.")
	case c.in.str("IfMatch") != d.etag:
		return nil, &wire.Error{Code: "PreconditionFailed", Message: "The request failed because it didn't meet the preconditions in one or more request-header fields", Status: http.StatusPreconditionFailed}
	case config.str("CallerReference") != input(d.config).str("CallerReference"):
		return nil, wire.Errorf("IllegalUpdate", "The update contains modifications that are not allowed.")
	}
	if err := c.logsTo(config); err != nil {
		return nil, err
	}
	d.config, d.etag, d.changed = wire.Object(config), c.newETag(), c.time.UTC()
	return wire.Object{"Distribution": d.describe(c), "ETag": d.etag}, nil
}

func listDistributions(c *call) (wire.Object, error) {
	page, next, err := paginate(c, c.distributions().all, c.in.str("Marker"), c.in.number("MaxItems", 100))
	if err != nil {
		return nil, wire.Errorf("InvalidArgument", "The marker is not valid.")
	}
	out := wire.Object{"Marker": c.in.str("Marker"), "MaxItems": int64(c.in.number("MaxItems", 100)), "IsTruncated": next != "", "Quantity": int64(len(page))}
	put(out, "NextMarker", next)
	out["Items"] = list(page, func(d *distribution) any {
		summary := d.describe(c)
		delete(summary, "DistributionConfig")
		delete(summary, "InProgressInvalidationBatches")
		for _, member := range []string{
			"Aliases", "Origins", "DefaultCacheBehavior", "CacheBehaviors", "CustomErrorResponses", "Comment", "PriceClass", "Enabled", "ViewerCertificate",
			"Restrictions", "WebACLId", "HttpVersion", "IsIPV6Enabled", "Staging",
		} {
			if v := d.config[member]; v != nil {
				summary[member] = v
			}
		}
		return summary
	})
	return wire.Object{"DistributionList": out}, nil
}

func listDistributionTags(c *call) (wire.Object, error) {
	d := firstWhere(c.distributions().all, func(d *distribution) bool { return c.distributionARN(d.id) == c.in.str("Resource") })
	if d == nil {
		return nil, wire.Errorf("NoSuchResource", "The specified resource does not exist.")
	}
	return wire.Object{"Tags": wire.Object{"Items": tagList(d.tags)}}, nil
}
