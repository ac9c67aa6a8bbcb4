package sandbox

import (
	"net/http"

	"riposte.dev/sandbox/wire"
)

// publicAccessBlock is S3's guard against public buckets
// (https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html).
type publicAccessBlock struct{ blockACLs, ignoreACLs, blockPolicy, restrict bool }

// inputBlock is the configuration that the input asks for.
func (c *call) inputBlock() publicAccessBlock {
	in := c.in.object("PublicAccessBlockConfiguration")
	return publicAccessBlock{
		blockACLs: in.flag("BlockPublicAcls", false), ignoreACLs: in.flag("IgnorePublicAcls", false),
		blockPolicy: in.flag("BlockPublicPolicy", false), restrict: in.flag("RestrictPublicBuckets", false),
	}
}

func (p publicAccessBlock) describe() wire.Object {
	return wire.Object{"PublicAccessBlockConfiguration": wire.Object{
		"BlockPublicAcls": p.blockACLs, "IgnorePublicAcls": p.ignoreACLs,
		"BlockPublicPolicy": p.blockPolicy, "RestrictPublicBuckets": p.restrict,
	}}
}

// blockOn is what holds for a bucket: of its own settings and its account's, the
// stricter.
func (c *call) blockOn(b *bucket) publicAccessBlock {
	of := liveState(c.sb, accountBlockKey(b.account), newAccountBlock).block
	return publicAccessBlock{
		blockACLs: b.block.blockACLs || of.blockACLs, ignoreACLs: b.block.ignoreACLs || of.ignoreACLs,
		blockPolicy: b.block.blockPolicy || of.blockPolicy, restrict: b.block.restrict || of.restrict,
	}
}

func noBlock(fields map[string]string) error {
	return s3Error("NoSuchPublicAccessBlockConfiguration", http.StatusNotFound, "The public access block configuration was not found", fields)
}

func putPublicAccessBlock(c *call) (wire.Object, error) {
	b, err := c.bucket()
	if err != nil {
		return nil, err
	}
	b.block, b.blocked = c.inputBlock(), true
	return nil, nil
}

func getPublicAccessBlock(c *call) (wire.Object, error) {
	b, err := c.bucket()
	if err != nil {
		return nil, err
	}
	if !b.blocked {
		return nil, noBlock(map[string]string{"BucketName": b.name})
	}
	return b.block.describe(), nil
}

func deletePublicAccessBlock(c *call) (wire.Object, error) {
	b, err := c.bucket()
	if err != nil {
		return nil, err
	}
	b.block, b.blocked = publicAccessBlock{}, false
	return nil, nil
}
