/** A person who shops here. Passwords, card and social security numbers are invented. */
export interface SeedUser {
  readonly id: number
  readonly name: string
  readonly email: string
  readonly phone: string
  readonly password: string
  readonly role: string
  readonly card: string
  readonly ssn: string
}

/** What the shop sells. */
export interface SeedProduct {
  readonly id: number
  readonly name: string
  readonly kind: string
  readonly priceCents: number
  readonly stock: number
  readonly hidden: boolean
  readonly description: string
}

// HOLE hardcoded-secrets (Common Mistakes 1: Hardcoded Secrets): passwords stand in the source.
// HOLE password-storage (Authentication: Password Storage): and they are stored as they are.
export const USERS: readonly SeedUser[] = [
  {
    id: 1,
    name: 'Vera Keystone',
    email: 'vera@shop.example',
    phone: '+1 555 0100 001',
    password: 'keystone-1066',
    role: 'admin',
    card: '4111 1111 1111 1111',
    ssn: '000-12-3456',
  },
  {
    id: 2,
    name: "Niall O'Brien",
    email: 'niall@customer.example',
    phone: '+353 1 555 0102',
    password: 'drystone-1847',
    role: 'customer',
    card: '4242 4242 4242 4242',
    ssn: '000-23-4567',
  },
  {
    id: 3,
    name: 'Marta Lindqvist',
    email: 'marta@customer.example',
    phone: '+46 8 555 0103',
    password: 'lantern-1887',
    role: 'customer',
    card: '5555 5555 5555 4444',
    ssn: '000-34-5678',
  },
  {
    id: 4,
    name: 'Samir Haddad',
    email: 'samir@shop.example',
    phone: '+1 555 0100 004',
    password: 'portcullis-1290',
    role: 'support',
    card: '4000 0566 5566 5556',
    ssn: '000-45-6789',
  },
  {
    id: 5,
    name: 'Lin Wei 林薇',
    email: 'lin@customer.example',
    phone: '+86 10 5550 0105',
    password: 'brickwall',
    role: 'customer',
    card: '3782 822463 10005',
    ssn: '000-56-7890',
  },
]

/** The product that no ordinary search shows. */
export const HIDDEN_PRODUCT = 'Prototype: the Gate That Knows You'

const product = (
  id: number,
  name: string,
  kind: string,
  priceCents: number,
  stock: number,
  description: string,
): SeedProduct => ({ id, name, kind, priceCents, stock, hidden: false, description })

export const PRODUCTS: readonly SeedProduct[] = [
  product(
    1,
    'Ring Wall, one metre',
    'wall',
    18_900,
    120,
    'Six courses, one bond. Order by the metre and close the circle yourself.',
  ),
  product(
    2,
    'Dry Stone Wall Kit',
    'wall',
    24_500,
    34,
    'Two tonnes of fieldstone, a string line and patience. No mortar, no regrets.',
  ),
  product(
    3,
    'Garden Wall with Niche',
    'wall',
    31_200,
    18,
    'A south-facing wall with a niche for herbs, a lamp or a small cat.',
  ),
  product(
    4,
    'Crinkle-crankle Wall',
    'wall',
    42_000,
    7,
    'Curves so that it needs one brick less than a straight wall twice as thick.',
  ),
  product(
    5,
    'Red Brick, hand-moulded',
    'brick',
    190,
    18_400,
    'Fired at 1,040 degrees. Each one a little different, like its maker.',
  ),
  product(
    6,
    'Blue Engineering Brick',
    'brick',
    240,
    9_200,
    'Takes up almost no water. For the course that stands in the wet.',
  ),
  product(
    7,
    'Corner Stone, dated',
    'brick',
    8_800,
    25,
    'Limestone with your year cut in. We check the spelling twice.',
  ),
  product(8, 'Glass Brick', 'brick', 1_450, 640, 'Lets in the light and nothing else.'),
  product(
    9,
    'Oak Gate, double leaf',
    'gate',
    129_000,
    4,
    'Green oak, wrought hinges, and a latch that says no very politely.',
  ),
  product(10, 'Iron Garden Gate', 'gate', 56_000, 11, 'Forged by hand. Swings shut by its own weight.'),
  product(
    11,
    'Portcullis, small',
    'gate',
    210_000,
    1,
    'For offices. Comes with a chain, a winch and a user guide.',
  ),
  product(12, 'Wicket Door', 'gate', 38_500, 9, 'The little door in the big door: least privilege in oak.'),
  product(
    13,
    'Watch Lantern, brass',
    'lantern',
    12_900,
    42,
    'Burns ten hours on one filling. The keeper brings the coffee.',
  ),
  product(
    14,
    'Path Light, solar',
    'lantern',
    3_400,
    210,
    'Charges by day, glows by night, asks for nothing.',
  ),
  product(
    15,
    'Storm Lantern',
    'lantern',
    5_900,
    77,
    'Tested in wind force nine and in one very lively birthday party.',
  ),
  product(
    16,
    'Signal Lamp, three colours',
    'lantern',
    9_600,
    23,
    'Green for pass, amber for look again, red for refuse.',
  ),
  product(
    17,
    "Mason's Trowel",
    'tool',
    2_750,
    150,
    'Ash handle, forged blade. Spreads the joint and the word.',
  ),
  product(
    18,
    'Plumb Line',
    'tool',
    1_250,
    320,
    'The oldest test there is, and it is still green when it hangs straight.',
  ),
  product(
    19,
    'Spirit Level, 60 cm',
    'tool',
    2_900,
    96,
    'Two vials, milled edge. Select it from the rack by the union hall door.',
  ),
  product(
    20,
    'Log Book of the Watch',
    'tool',
    1_900,
    400,
    'Four hundred numbered pages. None of them comes out.',
  ),
  {
    id: 21,
    name: HIDDEN_PRODUCT,
    kind: 'prototype',
    priceCents: 999_900,
    stock: 0,
    hidden: true,
    description: 'Not announced before the spring fair. Please do not talk about it.',
  },
]

export const COMMENTS: readonly (readonly [productId: number, author: string, text: string])[] = [
  [1, "Niall O'Brien", 'Closed the circle in one weekend. The neighbours now knock.'],
  [1, 'Marta Lindqvist', 'Straight as promised. The sixth course is where it starts to look like something.'],
  [5, 'Lin Wei 林薇', 'Lovely colour. Counted 500, got 501. Keep the extra one?'],
  [9, 'Marta Lindqvist', 'The latch is firm but fair.'],
  [13, "Niall O'Brien", 'Bright enough to read the log book by.'],
]

/** An order with its lines: product and quantity. */
export interface SeedOrder {
  readonly id: number
  readonly userId: number
  readonly status: string
  readonly address: string
  readonly lines: readonly (readonly [productId: number, quantity: number])[]
}

export const ORDERS: readonly SeedOrder[] = [
  {
    id: 1001,
    userId: 2,
    status: 'delivered',
    address: '7 Quarry Lane, Galway',
    lines: [
      [2, 1],
      [17, 1],
    ],
  },
  { id: 1002, userId: 3, status: 'on its way', address: 'Lyktgatan 12, Stockholm', lines: [[13, 2]] },
  {
    id: 1003,
    userId: 3,
    status: 'being packed',
    address: 'Lyktgatan 12, Stockholm',
    lines: [
      [9, 1],
      [18, 1],
    ],
  },
  { id: 1004, userId: 5, status: 'delivered', address: '砖塔胡同 8 号, 北京', lines: [[5, 500]] },
  {
    id: 1005,
    userId: 2,
    status: 'open',
    address: '7 Quarry Lane, Galway',
    lines: [
      [20, 1],
      [15, 2],
    ],
  },
]

/** Documents: the first ones are for everybody (no owner), the others belong to one customer. */
export const DOCUMENTS: readonly (readonly [
  id: number,
  userId: number | null,
  title: string,
  file: string,
  summary: string,
])[] = [
  [1, null, 'How to build a wall', 'how-to-build-a-wall.txt', 'Six courses, six rules.'],
  [2, null, 'Warranty', 'warranty.txt', 'What we promise, and for how long.'],
  [3, null, 'Delivery and returns', 'delivery.txt', 'Bricks are heavy. Here is how we move them.'],
  [4, 2, 'Invoice 1001', 'invoice-1001.txt', "For Niall O'Brien, 7 Quarry Lane, Galway."],
  [5, 3, 'Invoice 1002', 'invoice-1002.txt', 'For Marta Lindqvist, Lyktgatan 12, Stockholm.'],
]
