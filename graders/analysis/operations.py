"""What does an operation of the framework do? Names to kinds, for every style of writing."""

from __future__ import annotations

from graders.evidence.model import Node

_KINDS: dict[str, str] = {}
for _kind, _names in {
    "linear": "linear bilinear",
    "matmul": "matmul mm __matmul__ __rmatmul__ bmm addmm baddbmm mv einsum dot tensordot inner",
    "conv": "conv1d conv2d conv3d conv_transpose1d conv_transpose2d conv_transpose3d",
    "add": "add __add__ __radd__ __iadd__ add_ sub __sub__ __rsub__ __isub__ sub_ subtract",
    "concat": "cat concat concatenate hstack",
    "multiply": "mul __mul__ __rmul__ __imul__ mul_ multiply div __truediv__ __itruediv__ div_ "
    "true_divide divide neg __neg__ negative",
    "activation": "relu relu_ relu6 leaky_relu leaky_relu_ gelu silu elu elu_ selu celu tanh tanh_ "
    "sigmoid sigmoid_ softplus mish prelu hardtanh hardswish hardsigmoid logsigmoid softsign "
    "tanhshrink threshold clip clamp clamp_min clamp_ maximum rrelu glu hardshrink softshrink "
    "softmax log_softmax expit where",
    "norm": "batch_norm layer_norm group_norm instance_norm normalize rms_norm local_response_norm",
    "dropout": "dropout alpha_dropout dropout1d dropout2d dropout3d feature_alpha_dropout dropout_ "
    "gaussian_dropout gaussian_noise random_augmentation",
    "pool": "max_pool1d max_pool2d avg_pool1d avg_pool2d adaptive_avg_pool1d adaptive_avg_pool2d "
    "adaptive_max_pool2d max_pool3d avg_pool3d",
    "transpose": "t transpose swapaxes get:T get:mT permute adjoint",
    "shape": "view reshape squeeze unsqueeze flatten contiguous to float double half bfloat16 "
    "clone type type_as squeeze_ unsqueeze_ expand expand_as view_as ravel cpu cuda atleast_2d "
    "get:data detach identity unflatten requires_grad_ as_tensor resolve_conj",
    "slice": "__getitem__ narrow select index_select chunk split take unbind",
    "pad": "pad",
    "loss": "binary_cross_entropy_with_logits binary_cross_entropy cross_entropy nll_loss mse_loss "
    "l1_loss smooth_l1_loss huber_loss kl_div hinge_embedding_loss margin_ranking_loss "
    "soft_margin_loss multi_margin_loss multilabel_margin_loss multilabel_soft_margin_loss "
    "gaussian_nll_loss poisson_nll_loss triplet_margin_loss cosine_embedding_loss",
}.items():
    _KINDS.update(dict.fromkeys(_names.split(), _kind))


def bare(op: str) -> str:
    """The name without the place it lives in: `F.linear` is `linear`."""
    return op.split(".")[-1]


def kind(node: Node) -> str:
    """linear, matmul, conv, add, concat, multiply, activation, norm, dropout, pool, transpose,
    shape, slice, pad, loss or other."""
    return _KINDS.get(bare(node.op), "other")
