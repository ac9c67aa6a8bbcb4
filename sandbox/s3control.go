package sandbox

import (
	"riposte.dev/sandbox/wire"
)

// s3controlService answers for the public access block of whole accounts
// (https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_AWS_S3_Control.html).
// Its permissions and its records are S3's, under names of their own
// (https://docs.aws.amazon.com/AmazonS3/latest/userguide/cloudtrail-logging-s3-info.html).
func s3controlService() *service {
	of := func(name string) recordShape {
		return recordShape{name: name, noResponse: true, requestOf: controlParameters}
	}
	return &service{
		name: "s3control", prefix: "s3",
		operations: []operation{
			{name: "PutPublicAccessBlock", action: "s3:PutAccountPublicAccessBlock", handle: onAccount(putAccountBlock), record: of("PutAccountPublicAccessBlock")},
			{name: "GetPublicAccessBlock", action: "s3:GetAccountPublicAccessBlock", handle: onAccount(getAccountBlock), record: of("GetAccountPublicAccessBlock")},
			{name: "DeletePublicAccessBlock", action: "s3:PutAccountPublicAccessBlock", handle: onAccount(deleteAccountBlock), record: of("DeleteAccountPublicAccessBlock")},
		},
	}
}

// accountBlock is the block of an account, and whether there is one.
type accountBlock struct {
	block   publicAccessBlock
	blocked bool
}

func newAccountBlock() *accountBlock { return &accountBlock{} }

func (b *accountBlock) clone() stater { c := *b; return &c }

func accountBlockKey(account string) stateKey { return stateKey{"s3control", account, ""} }

// onAccount refuses calls about another account than the caller's.
func onAccount(handle func(*call, *accountBlock) (wire.Object, error)) func(*call) (wire.Object, error) {
	return func(c *call) (wire.Object, error) {
		c.additional = c.s3Additional()
		if c.in.str("AccountId") != c.account.id {
			return nil, c.fail(wire.Denied, "Access Denied")
		}
		return handle(c, stateOf(c, accountBlockKey(c.account.id), newAccountBlock))
	}
}

func putAccountBlock(c *call, b *accountBlock) (wire.Object, error) {
	b.block, b.blocked = c.inputBlock(), true
	return nil, nil
}

func getAccountBlock(c *call, b *accountBlock) (wire.Object, error) {
	if !b.blocked {
		return nil, noBlock(map[string]string{"AccountId": c.account.id})
	}
	return b.block.describe(), nil
}

func deleteAccountBlock(_ *call, b *accountBlock) (wire.Object, error) {
	*b = accountBlock{}
	return nil, nil
}

// controlParameters makes the requestParameters of the records: the host, which
// begins with the account, the query key and the body.
func controlParameters(c *call) any {
	account := c.in.str("AccountId")
	out := wire.Object{"Host": account + "." + c.target.Model.Metadata.EndpointPrefix + "." + c.region + ".amazonaws.com", "publicAccessBlock": ""}
	if c.in.has("PublicAccessBlockConfiguration") {
		out["PublicAccessBlockConfiguration"] = bodyOf(c, "PublicAccessBlockConfiguration", "http://awss3control.amazonaws.com/doc/2018-08-20/")
	}
	return out
}
