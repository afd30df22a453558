"""Solutions of the textbook's TODOs, with faults: name -> (cells, [(text, its fault), ...]).

A fault is what people do: a factor forgotten, an index off by one, the sum where the mean is meant.
"""

NUMPY = "import numpy as np\n"
RELU = "def ReLU(z):\n    return z.clip(0.0)\n"
SHALLOW = """
def shallow_1_1_3(x, f, phi_0, phi_1, phi_2, phi_3, t10, t11, t20, t21, t30, t31):
    return phi_0 + phi_1 * f(t10 + t11 * x) + phi_2 * f(t20 + t21 * x) + phi_3 * f(t30 + t31 * x)
"""
TWO = "\n".join(
    [f"n{n}_theta_{i}{j} = 0.1" for n in (1, 2) for i in (1, 2, 3) for j in (0, 1)]
    + [f"n{n}_phi_{i} = 0.2" for n in (1, 2) for i in range(4)]
)
BATCH = """
for step in range(n_steps):
    batch = np.random.permutation(data.shape[1])[:5]
"""
MOMENTUM = """
alpha, beta, n_steps = 0.6, 0.6, 20
momentum = np.zeros((2, 1))
phi_all = np.zeros((2, n_steps + 1))
phi_all[:, 0] = -1.5, 6.5
"""
DESCENT = """
data = np.zeros((2, 30))
def compute_gradient(x, y, phi):
    return np.zeros((2, 1))
"""
LINE = """
def model(phi, x):
    return phi[0] + phi[1] * x
def line_search(data, model, phi, gradient, max_dist=0.1):
    tried = np.linspace(0, max_dist, 200)
    return min(tried, key=lambda t: compute_loss(data[0], data[1], model, phi - t * gradient))
def compute_loss(x, y, model, phi):
    return 0
"""
GABOR = """
def model(phi, x):
    z = phi[0] + 0.06 * phi[1] * x
    return np.sin(z) * np.exp(-z * z / 32)
def compute_gradient(x, y, phi):
    d, out = 1e-6, []
    for e in (np.array([[d], [0]]), np.array([[0], [d]])):
        up, down = (np.sum((model(phi + s * e, x) - y) ** 2) for s in (1, -1))
        out.append([(up - down) / (2 * d)])
    return np.array(out)
"""

SOLUTIONS = {
    "nb3_4.sigmoid": (
        [NUMPY + "def sigmoid(z):\n    return 1 / (1 + np.exp(-10 * z))"],
        [("-10 * z", "-z"), ("-10 * z", "10 * z"), ("return 1 /", "return 0 * z + 0 /")],
    ),
    "nb3_4.heaviside": (
        [NUMPY + "def heaviside(z):\n    return (z >= 0).astype(int)"],
        [(">=", ">"), (">=", "<=")],
    ),
    "nb4_1.net12_out": (
        [
            NUMPY + RELU + SHALLOW + TWO + "\nx = np.arange(-1, 1, 0.1)\nnet1_out = x\n",
            "net12_out = shallow_1_1_3(net1_out, ReLU, n2_phi_0, n2_phi_1, n2_phi_2, n2_phi_3, "
            "n2_theta_10, n2_theta_11, n2_theta_20, n2_theta_21, n2_theta_30, n2_theta_31)",
            "net2_out = -net1_out",  # from here on the notebook composes other networks
            "net12_out = 0 * net1_out",
        ],
        [
            ("shallow_1_1_3(net1_out", "shallow_1_1_3(x"),
            ("n2_phi_1, n2_phi_2", "n2_phi_2, n2_phi_1"),
        ],
    ),
    "nb4_2.shallow_1_1_3_3": (
        [
            NUMPY
            + RELU
            + """
def shallow_1_1_3_3(x, f, phi, psi, theta):
    h = [f(theta[i, 0] + theta[i, 1] * x) for i in (1, 2, 3)]
    pre = [psi[i, 0] + sum(psi[i, j + 1] * h[j] for j in range(3)) for i in (1, 2, 3)]
    g = [f(p) for p in pre]
    w = [phi[i + 1] * g[i] for i in range(3)]
    return phi[0] + sum(w), *pre, *g, *w
"""
        ],
        [("psi[i, j + 1]", "psi[i, j]"), ("phi[i + 1]", "phi[i]"), ("phi[0] + ", "")],
    ),
    "nb4_3.composed_network": (
        [
            NUMPY + RELU + TWO + "\nn1_in = np.arange(-1, 1, 0.1).reshape(1, -1)",
            """
beta_0 = np.array([[n1_theta_10], [n1_theta_20], [n1_theta_30]])
Omega_0 = np.array([[n1_theta_11], [n1_theta_21], [n1_theta_31]])
inner = np.array([[n2_theta_11], [n2_theta_21], [n2_theta_31]])
beta_1 = np.array([[n2_theta_10], [n2_theta_20], [n2_theta_30]]) + inner * n1_phi_0
Omega_1 = inner @ np.array([[n1_phi_1, n1_phi_2, n1_phi_3]])
beta_2 = np.array([[n2_phi_0]])
Omega_2 = np.array([[n2_phi_1, n2_phi_2, n2_phi_3]])
n1_out = beta_2 + Omega_2 @ ReLU(beta_1 + Omega_1 @ ReLU(beta_0 + Omega_0 @ n1_in))
""",
        ],
        [(" + inner * n1_phi_0", ""), ("[n2_phi_1, n2_phi_2", "[n2_phi_2, n2_phi_1")],
    ),
    "nb5_1.normal_distribution": (
        [
            NUMPY + "def normal_distribution(y, mu, sigma):\n"
            "    return np.exp(-(y - mu)**2 / (2 * sigma**2)) / np.sqrt(2 * np.pi * sigma**2)"
        ],
        [("(2 * sigma**2)", "(2 * sigma)"), ("np.sqrt(2 * np.pi * sigma**2)", "sigma")],
    ),
    "nb5_1.likelihood": (
        [
            NUMPY + "def normal_distribution(y, mu, sigma):\n    return 0 * y\n"
            "def compute_likelihood(y, mu, sigma):\n"
            "    return np.prod(normal_distribution(y, mu, sigma))"
        ],
        [("np.prod", "np.sum")],
    ),
    "nb5_1.negative_log_likelihood": (
        [
            NUMPY + "def normal_distribution(y, mu, sigma):\n    return 0 * y\n"
            "def compute_negative_log_likelihood(y, mu, sigma):\n"
            "    return -np.sum(np.log(normal_distribution(y, mu, sigma)))"
        ],
        [("-np.sum", "np.sum"), ("-np.sum", "-np.mean")],
    ),
    "nb5_1.sum_of_squares": (
        [NUMPY + "def compute_sum_of_squares(y, p):\n    return np.sum((y - p) ** 2)"],
        [("np.sum", "np.mean"), ("** 2", "** 4")],
    ),
    "nb5_2.sigmoid": (
        [NUMPY + "def sigmoid(z):\n    return 1 / (1 + np.exp(-z))"],
        [("-z", "-10 * z")],
    ),
    "nb5_2.bernoulli": (
        [
            NUMPY + "def bernoulli_distribution(y, p):\n"
            "    return np.power(1 - p, 1 - y) * np.power(p, y)"
        ],
        [("1 - p, 1 - y", "1 - p, y"), (" * np.power(p, y)", "")],
    ),
    "nb5_2.likelihood": (
        [
            NUMPY + "def bernoulli_distribution(y, p):\n    return 0 * p\n"
            "def compute_likelihood(y, p):\n    return np.prod(bernoulli_distribution(y, p))"
        ],
        [("np.prod", "np.max")],
    ),
    "nb5_2.negative_log_likelihood": (
        [
            NUMPY + "def bernoulli_distribution(y, p):\n    return 0 * p\n"
            "def compute_negative_log_likelihood(y, p):\n"
            "    return -np.sum(np.log(bernoulli_distribution(y, p)))"
        ],
        [("-np.sum", "np.sum"), ("np.log", "np.log2")],
    ),
    "nb5_3.softmax": (
        [
            NUMPY + "def softmax(z):\n"
            "    e = np.exp(z)\n    return e / np.sum(e, axis=0, keepdims=True)"
        ],
        [("axis=0", "axis=1"), (", axis=0, keepdims=True", "")],
    ),
    "nb5_3.likelihood": (
        [
            NUMPY + "def compute_likelihood(y, p):\n"
            "    return np.prod([p[row, i] for i, row in enumerate(y)])"
        ],
        [("p[row, i]", "p[0, i]")],
    ),
    "nb5_3.negative_log_likelihood": (
        [
            NUMPY + "def compute_negative_log_likelihood(y, p):\n"
            "    return -np.sum(np.log([p[row, i] for i, row in enumerate(y)]))"
        ],
        [("-np.sum(np.log(", "-(np.sum("), ("-np.sum", "np.sum")],
    ),
    "nb6_2.loss": (
        [
            NUMPY
            + "def compute_loss(x, y, model, phi):\n    return np.sum((model(phi, x) - y) ** 2)"
        ],
        [("np.sum", "np.mean"), ("** 2", "")],
    ),
    "nb6_2.gradient": (
        [
            NUMPY + "def compute_gradient(x, y, phi):\n    e = phi[0] + phi[1] * x - y\n"
            "    return np.array([[2 * np.sum(e)], [2 * np.sum(x * e)]])"
        ],
        [("2 * np.sum(e)", "np.sum(e)"), ("x * e", "e")],
    ),
    "nb6_2.step": (
        [
            NUMPY + LINE + "def compute_gradient(x, y, phi):\n    return 0 * phi\n"
            "def gradient_descent_step(phi, data, model):\n"
            "    g = compute_gradient(data[0], data[1], phi)\n"
            "    return phi - line_search(data, model, phi, g) * g"
        ],
        [
            ("return phi - line", "return phi + line"),
            ("return phi - line_search(data, model, phi, g) * g", "return phi"),
        ],
    ),
    "nb6_3.loss": (
        [
            NUMPY
            + GABOR
            + "def compute_loss(x, y, model, phi):\n    return np.sum((model(phi, x) - y) ** 2)"
        ],
        [("return np.sum((model(phi, x) - y) ** 2)", "return 0")],
    ),
    "nb6_3.gradient": (
        [
            NUMPY
            + GABOR
            + "def compute_loss(x, y, model, phi):\n    return np.sum((model(phi, x) - y) ** 2)"
        ],
        [("return np.sum((model(phi, x) - y) ** 2)", "return 0")],
    ),
    "nb6_3.fixed_rate": (
        [
            NUMPY + GABOR + "def gradient_descent_step_fixed_learning_rate(phi, data, alpha):\n"
            "    return phi - alpha * compute_gradient(data[0], data[1], phi)"
        ],
        [("phi - alpha", "phi + alpha"), ("- alpha *", "- 0.2 *")],
    ),
    "nb6_3.sgd": (
        [
            NUMPY + GABOR + "def stochastic_gradient_descent_step(phi, data, alpha, batch_size):\n"
            "    some = np.random.permutation(data.shape[1])[:batch_size]\n"
            "    return phi - alpha * compute_gradient(data[0, some], data[1, some], phi)"
        ],
        [
            ("[:batch_size]", ""),
            ("np.random.permutation(data.shape[1])", "np.arange(data.shape[1])"),
        ],
    ),
    "nb6_3.schedule": (
        [
            NUMPY + "data = np.zeros((2, 30))\n"
            "def stochastic_gradient_descent_step(phi, data, alpha, batch_size):\n    return phi",
            """
alpha, phi = 0.8, np.zeros((2, 1))
for step in range(40):
    if step % 10 == 9:
        alpha = alpha * 0.5
    phi = stochastic_gradient_descent_step(phi, data, alpha=alpha, batch_size=5)
""",
        ],
        [("alpha * 0.5", "alpha * 1.0"), ("alpha * 0.5", "alpha * 1.5")],
    ),
    "nb6_4.momentum": (
        [
            NUMPY + DESCENT,
            MOMENTUM
            + BATCH
            + """
    phi = phi_all[:, step:step + 1]
    g = compute_gradient(data[0, batch], data[1, batch], phi)
    momentum = beta * momentum + (1 - beta) * g
    phi_all[:, step + 1:step + 2] = phi - alpha * momentum
""",
        ],
        [("(1 - beta) * g", "g"), ("beta * momentum + ", "")],
    ),
    "nb6_4.nesterov": (
        [
            NUMPY + DESCENT,
            "momentum = np.zeros((2, 1))",
            MOMENTUM
            + BATCH
            + """
    phi = phi_all[:, step:step + 1]
    g = compute_gradient(data[0, batch], data[1, batch], phi - alpha * beta * momentum)
    momentum = beta * momentum + (1 - beta) * g
    phi_all[:, step + 1:step + 2] = phi - alpha * momentum
""",
        ],
        [(", phi - alpha * beta * momentum)", ", phi)"), ("(1 - beta) * g", "g")],
    ),
    "nb6_5.normalized_gradients": (
        [
            NUMPY
            + """
def normalized_gradients(start, n_steps, alpha, epsilon=1e-20):
    path = np.zeros((2, n_steps + 1))
    path[:, 0] = start[:, 0]
    for k in range(n_steps):
        m = get_loss_gradient(path[0, k], path[1, k])
        v = m ** 2
        path[:, k + 1] = path[:, k] - alpha * m / (np.sqrt(v) + epsilon)
    return path
"""
        ],
        [("np.sqrt(v)", "v"), ("v = m ** 2", "v = np.ones(2)")],
    ),
    "nb6_5.adam": (
        [
            NUMPY
            + """
def adam(start, n_steps, alpha, beta=0.9, gamma=0.99, epsilon=1e-20):
    path = np.zeros((2, n_steps + 1))
    path[:, 0] = start[:, 0]
    m, v = np.zeros(2), np.zeros(2)
    for k in range(n_steps):
        g = get_loss_gradient(path[0, k], path[1, k])
        m = beta * m + (1 - beta) * g
        v = gamma * v + (1 - gamma) * g ** 2
        mt, vt = m / (1 - beta ** (k + 1)), v / (1 - gamma ** (k + 1))
        path[:, k + 1] = path[:, k] - alpha * mt / (np.sqrt(vt) + epsilon)
    return path
"""
        ],
        [("m / (1 - beta ** (k + 1))", "m"), ("g ** 2", "g")],
    ),
    "nb7_1.forward": (
        [
            "import numpy as np\n"
            + "\n".join(f"beta{k} = 0.1; omega{k} = 0.2" for k in range(4))
            + "\nx = 2.3; y = 2.0",
            """
f0 = beta0 + omega0 * x
h1 = np.sin(f0)
f1 = beta1 + omega1 * h1
h2 = np.exp(f1)
f2 = beta2 + omega2 * h2
h3 = np.cos(f2)
f3 = beta3 + omega3 * h3
l_i = (f3 - y) ** 2
""",
        ],
        [("(f3 - y) ** 2", "np.exp(f3 - y)"), ("f0 = beta0 + omega0 * x", "f0 = 1.230")],
    ),
    "nb7_1.backward": (
        [
            "import numpy as np\n"
            + "\n".join(f"beta{k} = 0.1; omega{k} = 0.2; f{k} = 0.3; h{k} = 0.4" for k in range(4))
            + "\nx = 2.3; y = 2.0",
            """
dldf3 = 2 * (f3 - y)
dldh3 = omega3 * dldf3
dldf2 = -np.sin(f2) * dldh3
dldh2 = omega2 * dldf2
dldf1 = np.exp(f1) * dldh2
dldh1 = omega1 * dldf1
dldf0 = np.cos(f0) * dldh1
""",
            """
dldbeta3, dldomega3 = dldf3, dldf3 * h3
dldbeta2, dldomega2 = dldf2, dldf2 * h2
dldbeta1, dldomega1 = dldf1, dldf1 * h1
dldbeta0, dldomega0 = dldf0, dldf0 * x
""",
        ],
        [("-np.sin(f2)", "np.sin(f2)"), ("dldf0 * x", "dldf0")],
    ),
    "nb7_2.forward": (
        [
            NUMPY
            + RELU
            + """
def compute_network_output(x, W, b):
    K = len(W) - 1
    f, h = [None] * (K + 1), [x] + [None] * K
    for k in range(K):
        f[k] = b[k] + np.matmul(W[k], h[k])
        h[k + 1] = ReLU(f[k])
    f[K] = b[K] + np.matmul(W[K], h[K])
    return f[K], f, h
"""
        ],
        [("b[K] + ", ""), ("ReLU(f[k])", "f[k]")],
    ),
    "nb7_2.backward": (
        [
            NUMPY
            + """
K = 5
def backward_pass(W, b, f, h, y):
    dW, db, df = [None] * (K + 1), [None] * (K + 1), [None] * (K + 1)
    df[K] = 2 * (f[K] - y)
    for k in range(K, -1, -1):
        db[k] = np.array(df[k])
        dW[k] = np.matmul(df[k], h[k].T)
        if k > 0:
            df[k - 1] = (f[k - 1] > 0) * np.matmul(W[k].T, df[k])
    return dW, db
"""
        ],
        [("(f[k - 1] > 0) * ", ""), ("np.matmul(df[k], h[k].T)", "np.matmul(df[k], f[k].T)")],
    ),
    "nb10_1.conv_3_1_1": (
        [
            NUMPY
            + """
def conv_3_1_1_zp(x, w):
    p = np.pad(x, 1)
    return np.array([p[i] * w[0] + p[i + 1] * w[1] + p[i + 2] * w[2] for i in range(len(x))])
"""
        ],
        [("p[i] * w[0]", "p[i] * w[2]"), ("np.pad(x, 1)", "np.pad(x, 1, mode='edge')")],
    ),
    "nb10_1.conv_3_2_1": (
        [
            NUMPY
            + """
def conv_3_2_1_zp(x, w):
    p = np.pad(x, 1)
    return np.array([np.dot(p[i:i + 3], w) for i in range(0, len(x), 2)])
"""
        ],
        [("range(0, len(x), 2)", "range(1, len(x), 2)"), ("np.array([", "2 * np.array([")],
    ),
    "nb10_1.conv_5_1_1": (
        [
            NUMPY
            + """
def conv_5_1_1_zp(x, w):
    p = np.pad(x, 2)
    return np.array([np.dot(p[i:i + 5], w) for i in range(len(x))])
"""
        ],
        [("i + 5], w)", "i + 5], w[::-1])")],
    ),
    "nb10_1.conv_3_1_2": (
        [
            NUMPY
            + """
def conv_3_1_2_zp(x, w):
    p = np.pad(x, 2)
    return np.array([p[i] * w[0] + p[i + 2] * w[1] + p[i + 4] * w[2] for i in range(len(x))])
"""
        ],
        [("p[i + 4]", "p[i + 3]")],
    ),
    "nb10_1.matrix": (
        [
            NUMPY
            + """
def get_conv_mat_3_1_1_zp(n, w):
    return w[0] * np.eye(n, k=-1) + w[1] * np.eye(n) + w[2] * np.eye(n, k=1)
"""
        ],
        [("k=-1", "k=1")],
    ),
    **{
        f"nb10_3.conv_numpy_{n}": (
            [
                NUMPY
                + f"""
def conv_numpy_{n}(image, w, stride=1, pad=1):
    p = np.pad(image, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    k = w.shape[2]
    rows, columns = ((s - k) // stride + 1 for s in p.shape[2:])
    out = np.zeros((len(p), len(w), rows, columns), dtype=np.float32)
    for i in range(rows):
        for j in range(columns):
            part = p[:, :, i * stride:i * stride + k, j * stride:j * stride + k]
            out[:, :, i, j] = np.tensordot(part, w, axes=([1, 2, 3], [1, 2, 3]))
    return out
"""
            ],
            [
                ("i * stride + k, j", "i * stride + k - 1, j"),
                ("np.tensordot(part, w", "2 * np.tensordot(part, w"),
            ],
        )
        for n in (1, 2, 3, 4)
    },
    "nb10_4.downsample": (
        ["def subsample(x):\n    return x[::2, ::2]"],
        [("[::2, ::2]", "[1::2, 1::2]")],
    ),
    "nb10_4.maxpool": (
        [
            NUMPY + "def maxpool(x):\n"
            "    return np.max([x[::2, ::2], x[1::2, ::2], x[::2, 1::2], x[1::2, 1::2]], axis=0)"
        ],
        [("np.max", "np.min"), ("x[1::2, 1::2]", "x[::2, ::2]")],
    ),
    "nb10_4.meanpool": (
        [
            NUMPY + "def meanpool(x):\n"
            "    return (x[::2, ::2] + x[1::2, ::2] + x[::2, 1::2] + x[1::2, 1::2]) / 4"
        ],
        [("/ 4", "/ 2")],
    ),
    "nb10_4.duplicate": (
        [NUMPY + "def duplicate(x):\n    return np.kron(x, np.ones((2, 2)))"],
        [("np.ones((2, 2))", "np.eye(2)")],
    ),
    "nb10_4.max_unpool": (
        [
            NUMPY
            + """
def max_unpool(x, high):
    out = np.zeros(high.shape)
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            a, b = divmod(np.argmax(high[2 * i:2 * i + 2, 2 * j:2 * j + 2]), 2)
            out[2 * i + a, 2 * j + b] = x[i, j]
    return out
"""
        ],
        [("2 * i + a, 2 * j + b", "2 * i, 2 * j"), ("= x[i, j]", "= high.max()")],
    ),
    "nb10_4.bilinear": (
        [
            NUMPY
            + """
def bilinear(x):
    p = np.zeros((x.shape[0] + 1, x.shape[1] + 1))
    p[:-1, :-1] = x
    out = np.zeros((2 * x.shape[0], 2 * x.shape[1]))
    out[::2, ::2] = x
    out[1::2, ::2] = (p[:-1, :-1] + p[1:, :-1]) / 2
    out[::2, 1::2] = (p[:-1, :-1] + p[:-1, 1:]) / 2
    out[1::2, 1::2] = (p[:-1, :-1] + p[1:, :-1] + p[:-1, 1:] + p[1:, 1:]) / 4
    return out
"""
        ],
        [("/ 4", "/ 2"), ("out[::2, ::2] = x", "out[::2, ::2] = 0")],
    ),
}
